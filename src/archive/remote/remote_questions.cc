// Questions of RemoteArchive: an index or a block is requested once for all that wait for it.
#include <fcntl.h>

#include <algorithm>
#include <utility>

#include "archive/files/file_list.h"
#include "archive/remote/remote_archive.h"
#include "base/cat.h"
#include "base/encoding.h"

namespace lb {
namespace {

constexpr std::size_t kLargestIndexText = 4 * 1024 * 1024;
constexpr std::uint64_t kBlock = RemoteParts::kBlock;

// The end of a complete block of this file.
std::uint64_t end_of_block(const ArchiveFile& file, std::uint64_t block) {
  return std::min((block + 1) * kBlock, file.end());
}
// The end of the present bytes of a block.
std::uint64_t filled_to(const ArchiveFile& file, std::uint64_t block) {
  return block * kBlock + file.remote->filled(block);
}

}  // namespace

void RemoteArchive::load(const std::string& mount, const FileRow& row,
                         UniqueFunction<void(File)> then) {
  loop().post([this, key = Key{mount, row.name()}, row, then = std::move(then)]() mutable {
    load_now(key, row, std::move(then));
  });
}

void RemoteArchive::load_now(const Key& key, const FileRow& row, UniqueFunction<void(File)> then) {
  const auto known = cache_.find(key);
  if (known && known->end() >= row.bytes) return then(known);
  if (!known && cache_.bytes_in_use() > cache_bytes_)
    return then(Error::limit(
        cat({"archive ", key.mount, ": the cache of other nodes' recordings is full"})));
  Question& asked = question({key, kIndex});
  if (row.bytes >= asked.row.bytes) asked.row = row;
  asked.want = asked.row.bytes;
  asked.waiting.emplace_back(0, std::move(then));
  step({key, kIndex});
}

void RemoteArchive::fetch(std::shared_ptr<const ArchiveFile> file, std::uint64_t offset,
                          std::uint64_t bytes, UniqueFunction<void(bool)> then) {
  const auto part = std::make_shared<Part>();
  part->then = std::move(then);
  part->file = std::move(file);
  part->offset = std::min(offset, part->file->end());
  part->end = part->offset + std::min(bytes, part->file->end() - part->offset);
  loop().post([this, part] {
    part->since = loop().now();
    fetch_now(part);
  });
}

void RemoteArchive::fetch_now(const std::shared_ptr<Part>& part) {
  const auto file = part->file;
  const Key key{file->remote->mount, file->row.name()};
  RemoteJoin join([this, part](bool good) {
    // A block with wrong bytes may have been accepted before its neighbour completed the second.
    const bool again = good && !part->file->has(part->offset, part->end - part->offset) &&
                       loop().now() - part->since < kPatience;
    if (again)
      fetch_now(part);
    else
      part->then(good);
  });
  std::vector<QuestionKey> begun;
  for (std::uint64_t block = part->offset / kBlock; block * kBlock < part->end; ++block) {
    const std::uint64_t want = end_of_block(*file, block);
    if (filled_to(*file, block) >= std::min(want, part->end)) continue;
    ask_block({key, block}, file)
        .waiting.emplace_back(
            want, [done = join.part()](const File& came) mutable { done(came.has_value()); });
    begun.emplace_back(key, block);
  }
  for (const QuestionKey& each : begun) step(each);
  read_ahead(file, part->end == 0 ? 0 : (part->end - 1) / kBlock + 1);
  join.close();
}

void RemoteArchive::read_ahead(const std::shared_ptr<const ArchiveFile>& file,
                               std::uint64_t block) {
  if (block * kBlock >= file->end() || file->remote->filled(block) > 0) return;
  // A block that still grows would be requested in small pieces.
  if (file->row.open && file->end() < (block + 1) * kBlock) return;
  const QuestionKey key{{file->remote->mount, file->row.name()}, block};
  if (questions_.contains(key)) return;
  ask_block(key, file);
  step(key);
}

// -- questions ------------------------------------------------------------------------------------

RemoteArchive::Question& RemoteArchive::question(const QuestionKey& key) {
  const auto [at, made] = questions_.try_emplace(key);
  if (made) at->second.since = loop().now();
  return at->second;
}

RemoteArchive::Question& RemoteArchive::ask_block(const QuestionKey& key,
                                                  const std::shared_ptr<const ArchiveFile>& file) {
  Question& asked = question(key);
  if (!asked.file || file->end() > asked.file->end()) asked.file = file;
  asked.want = std::max(asked.want, end_of_block(*file, key.second));
  return asked;
}

void RemoteArchive::step(const QuestionKey& key) {
  const auto found = questions_.find(key);
  if (found == questions_.end() || found->second.under_way) return;
  Question& asked = found->second;
  const auto& [file, block] = key;
  const auto view = holders();
  const HolderRow* const holder = next_holder(*view, file, asked.want, asked.tried);
  if (holder == nullptr) {
    if (!asked.waiting.empty() && loop().now() - asked.since < kPatience) {
      if (!retry_timer_->armed()) retry_timer_->after(kRetryEvery);
      return;
    }
    const std::string text =
        cat({"archive ", file.mount, ": no node gives ", to_string(file.name)});
    settle(key, asked.unanswered ? Error::closed(text) : Error::not_found(text));
    return;
  }
  asked.tried.insert(holder->node);
  asked.under_way = true;
  const bool index = block == kIndex;
  const std::uint64_t from = index ? 0 : filled_to(*asked.file, block);
  const std::uint64_t bytes = index ? kLargestIndexText : asked.want - from;
  ask(*holder,
      cat({kBlockPath, percent_encode(file.mount, true), "/", to_string(file.name),
           index ? ".idx" : ".data"}),
      index ? std::string() : cat({from, "-", asked.want - 1}), static_cast<std::size_t>(bytes),
      view->of(file.mount).size() == 1,
      [this, key, node = holder->node, from, bytes](Result<FetchAnswer> answer) {
        answered(key, node, from, bytes, answer);
      });
}

void RemoteArchive::answered(const QuestionKey& key, const std::string& node, std::uint64_t from,
                             std::uint64_t bytes, const Result<FetchAnswer>& answer) {
  const auto found = questions_.find(key);
  if (found == questions_.end()) return;
  Question& asked = found->second;
  asked.under_way = false;
  const bool answers = answer && answer->status < 500;
  if (!answers) asked.unanswered = true;
  const bool index = key.second == kIndex;
  Result<void> taken;
  bool host = true, gone = false;  // whether the holder rests; whether it lacks this file
  if (!answer) {
    taken = answer.error();
  } else if (index ? answer->status != 200
                   : answer->status != 206 || answer->body.empty() || answer->body.size() > bytes) {
    taken = Error::denied(index ? cat({"status ", answer->status})
                                : cat({"status ", answer->status, " with ", answer->body.size(),
                                       " bytes of ", bytes}));
    host = !answers;
    gone = answers && (index || answer->status == 404);
  } else if (index) {
    taken = take_index(key.first, asked, answer->body);
    // This holder is a moment behind the one that announced more of the file.
    if (!taken) host = !asked.row.open || taken.error().code != Error::Code::kNotFound;
  } else if (from == filled_to(*asked.file, key.second)) {
    taken = asked.file->remote->put(key.second, answer->body, asked.file->index);
    fetched_blocks.fetch_add(1, std::memory_order_relaxed);
    // The body is shorter if the holder's catalog is a moment behind its index.
    fetched_bytes.fetch_add(answer->body.size(), std::memory_order_relaxed);
  }
  if (taken) {
    // One that gives a byte each time would hold up all that wait; others may have the rest.  It
    // delays the giving up as well, so that nothing is lost that only it has.
    asked.since = loop().now();
    if (index || answer->body.size() == bytes) asked.tried.clear();
    settle(key, asked.file);
    return;
  }
  if (host || gone) failed(key.first, node, taken.error(), host);
  step(key);
}

// Calls the waiting requests whose bytes are here, or all of them after a failure.
void RemoteArchive::settle(const QuestionKey& key, const File& result) {
  const auto found = questions_.find(key);
  Question& asked = found->second;
  const std::uint64_t here =
      key.second == kIndex || !asked.file ? 0 : filled_to(*asked.file, key.second);
  std::vector<Waiting> told;
  std::erase_if(asked.waiting, [&](Waiting& each) {
    if (result && each.first > here) return false;
    told.push_back(std::move(each));
    return true;
  });
  const auto file = asked.file;
  if (asked.waiting.empty()) {
    questions_.erase(found);
    cache_.make_room(cache_bytes_);
  } else {
    step(key);
  }
  for (auto& [want, then] : told) then(file && want <= here ? File(file) : result);
}

Result<void> RemoteArchive::take_index(const Key& key, Question& asked, const std::string& text) {
  const FileRow& row = asked.row;
  FileIndex index = read_index(text);
  const StreamSpan& span = index.head.span;
  if (index.end() == 0 || index.end() > kLargestRemoteFile)
    return Error::invalid("an index without a mark");
  if (short_id(span.id) != row.id || span.origin != row.origin)
    return Error::invalid("the index of another file");
  if (index.end() < row.bytes)
    return Error::not_found(cat({"an index of ", index.end(), " bytes instead of ", row.bytes}));
  const auto known = cache_.find(key);
  auto parts = known ? known->remote : std::shared_ptr<RemoteParts>();
  if (!parts) {
    auto made = RemoteParts::create(cache_dir_, key.mount);
    if (!made) return made.error();
    parts = std::move(*made);
  }
  if (auto room = parts->reserve(index.end()); !room) return room;
  UniqueFd fd(::fcntl(parts->fd(), F_DUPFD_CLOEXEC, 0));
  if (!fd) return Error::io("no descriptor is left");
  FileRow grown = row;
  grown.bytes = index.end();
  auto made = make_archive_file(grown, std::move(index), std::move(fd), std::move(parts));
  if (!made) return made.error();
  asked.file = std::move(*made);
  cache_.put(key, asked.file);
  return {};
}

void RemoteArchive::retry() {
  std::vector<QuestionKey> again;
  for (auto& [key, asked] : questions_)
    if (!asked.under_way) {
      asked.tried.clear();
      again.push_back(key);
    }
  for (const QuestionKey& key : again) step(key);
}

void RemoteArchive::forget(const std::string& mount, const FileRow& row) {
  if (begun()) loop().post([this, key = Key{mount, row.name()}] { cache_.drop(key); });
}

}  // namespace lb
