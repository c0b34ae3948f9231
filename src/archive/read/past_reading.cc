#include "archive/read/past_reading.h"

#include <algorithm>

#include "base/file.h"

namespace lb {

void PastReading::run(Step step) {
  readers_.run([self = shared_from_this(), step = std::make_shared<Step>(std::move(step))] {
    self->turn(step);
  });
}

void PastReading::turn(const std::shared_ptr<Step>& step) {
  const bool more = (*step)(*this);
  if (lacks()) return bring(step);
  opened_.clear();
  missing_.clear();
  unanswered_ = false;
  if (more) readers_.run([self = shared_from_this(), step] { self->turn(step); });
}

void PastReading::bring(const std::shared_ptr<Step>& step) {
  auto wanted = std::exchange(wanted_, {});
  left_ = wanted.size();
  for (auto& want : wanted)
    want([self = shared_from_this(), step] {
      if (self->left_.fetch_sub(1, std::memory_order_acq_rel) == 1)
        self->readers_.run([self, step] { self->turn(step); });
    });
}

std::shared_ptr<const ArchiveFile> PastReading::open(const FileRow& row) {
  if (!row.remote) return readers_.open(dir_, mount_, row);
  const std::string name = to_string(row.name());
  if (const auto found = opened_.find(name); found != opened_.end()) return found->second;
  RemoteArchive* const remote = readers_.remote();
  if (remote == nullptr) return nullptr;
  wanted_.push_back([this, remote, row, name](Then then) {
    remote->load(mount_, row,
                 [this, name, then = std::move(then)](const RemoteArchive::File& file) mutable {
                   opened_[name] = file ? *file : nullptr;
                   if (!file && file.error().code != Error::Code::kNotFound) unanswered_ = true;
                   then();
                 });
  });
  return nullptr;
}

bool PastReading::has(const ArchiveFile& file, std::uint64_t offset, std::uint64_t bytes) {
  offset = std::min(offset, file.end());
  bytes = std::min(bytes, file.end() - offset);
  if (file.has(offset, bytes)) return true;
  const std::pair<const ArchiveFile*, std::uint64_t> part{&file, offset};
  RemoteArchive* const remote = readers_.remote();
  if (remote == nullptr || missing_.contains(part)) return false;
  readers_.remote_reads.fetch_add(1, std::memory_order_relaxed);
  wanted_.push_back([this, remote, part, bytes, held = file.shared_from_this()](Then then) {
    remote->fetch(held, part.second, bytes, [=, this, then = std::move(then)](bool) mutable {
      if (!held->has(part.second, bytes)) missing_.insert(part);
      then();
    });
  });
  return false;
}

std::optional<bool> PastReading::check(std::int64_t from_ms, std::int64_t to_ms) {
  return check([this, from_ms, to_ms](RemoteArchive& remote, UniqueFunction<void(bool)> then) {
    remote.check(mount_, from_ms, to_ms, std::move(then));
  });
}

std::optional<bool> PastReading::check(std::uint32_t id, std::uint64_t origin) {
  return check([this, id, origin](RemoteArchive& remote, UniqueFunction<void(bool)> then) {
    remote.check(mount_, id, origin, std::move(then));
  });
}

template <class Ask>
std::optional<bool> PastReading::check(Ask ask) {
  RemoteArchive* const remote = readers_.remote();
  if (remote == nullptr) return true;
  if (was_found_) return std::exchange(was_found_, std::nullopt);
  wanted_.push_back([this, remote, ask](Then then) mutable {
    ask(*remote, [this, then = std::move(then)](bool all) mutable {
      was_found_ = all;
      then();
    });
  });
  return std::nullopt;
}

Bytes PastReading::read(const ArchiveFile& file, std::uint64_t from, std::uint64_t to) {
  Bytes bytes(static_cast<std::size_t>(std::min(to, file.end()) - std::min(from, file.end())));
  if (!has(file, from, bytes.size())) return {};
  bytes.resize(read_at(file.fd(), from, bytes));
  return bytes;
}

}  // namespace lb
