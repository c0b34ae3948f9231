#include "archive/remote/remote_archive.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "archive/files/file_list.h"
#include "base/cat.h"
#include "base/encoding.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr auto kListFresh = 1s;
constexpr auto kAnswerTime = 2000ms, kLonelyAnswerTime = 5000ms;
constexpr std::size_t kLargestList = 1024 * 1024;
constexpr std::size_t kMaxHoldersAsked = 8, kMaxLooked = 10'000;
constexpr std::int64_t kListCell = 300'000;

double ms_since(SteadyTime begin, SteadyTime now) {
  return std::chrono::duration<double, std::milli>(now - begin).count();
}

}  // namespace

RemoteArchive::RemoteArchive(std::function<Loop&()> begin, Log& log, const Catalog& own,
                             Transport transport)
    : begin_(std::move(begin)),
      log_(log),
      own_(own),
      transport_(std::move(transport)),
      holders_(std::make_shared<const HolderView>()) {}

RemoteArchive::~RemoteArchive() = default;

void RemoteArchive::configure(std::string cache_dir, std::uint64_t cache_bytes) {
  if (!begun()) {
    cache_dir_ = std::move(cache_dir);
    cache_bytes_ = cache_bytes;
    return;
  }
  loop().post([this, dir = std::move(cache_dir), cache_bytes]() mutable {
    cache_dir_ = std::move(dir);
    cache_bytes_ = cache_bytes;
    cache_.make_room(cache_bytes_);
  });
}

void RemoteArchive::set_holders(std::shared_ptr<const HolderView> holders) {
  if (!begun() && !holders->all().empty()) {
    Loop& loop = begin_();
    retry_timer_ = std::make_unique<Timer>(loop, [this] { retry(); });
    loop_.store(&loop, std::memory_order_release);
  }
  holders_.publish(std::move(holders));
  if (!begun()) return;
  loop().post([this] {
    const auto view = holders_.read();
    std::vector<std::string> changed;
    for (auto& [mount, nodes] : known_) {
      const auto& rows = view->of(mount);
      const std::size_t gone = std::erase_if(nodes, [&rows](const auto& each) {
        return std::none_of(rows.begin(), rows.end(),
                            [&each](const HolderRow& row) { return row.node == each.first; });
      });
      if (gone > 0) changed.push_back(mount);
    }
    for (const std::string& mount : changed) publish(mount);
    std::erase_if(known_, [](const auto& each) { return each.second.empty(); });
  });
}

Catalog::Files RemoteArchive::files(const std::string& mount) const {
  Merged now;
  now.own = own_.files(mount);
  {
    std::lock_guard<std::mutex> guard(lists_mutex_);
    const auto found = lists_.find(mount);
    if (found == lists_.end()) return now.own;
    now.lists = found->second;
    const auto known = merged_.find(mount);
    if (known != merged_.end() && known->second.own == now.own && known->second.lists == now.lists)
      return known->second.files;
  }
  std::vector<const Rows*> others;
  for (const Listed& each : *now.lists) others.push_back(each.rows.get());
  now.files = std::make_shared<const RecordedFiles>(merged_files(*now.own, others));
  std::lock_guard<std::mutex> guard(lists_mutex_);
  if (lists_.contains(mount)) merged_[mount] = now;
  return now.files;
}

// -- what there is --------------------------------------------------------------------------------

void RemoteArchive::check(const std::string& mount, std::int64_t from_ms, std::int64_t to_ms,
                          UniqueFunction<void(bool)> then) {
  if (!begun()) return then(true);
  // The time is rounded, so that listeners of about the same time share one question.
  const std::int64_t from = std::max<std::int64_t>(0, from_ms / kListCell - 1) * kListCell;
  const std::int64_t to = (to_ms / kListCell + 1) * kListCell;
  loop().post([this, mount, from, to, then = std::move(then)]() mutable {
    ask_now(mount, from, to, cat({"?from=", from, "&to=", to}), std::move(then));
  });
}

void RemoteArchive::check(const std::string& mount, std::uint32_t id, std::uint64_t origin,
                          UniqueFunction<void(bool)> then) {
  if (!begun()) return then(true);
  loop().post([this, mount, id, origin, then = std::move(then)]() mutable {
    ask_now(mount, 0, 0, cat({"?id=", id, "&origin=", origin}), std::move(then));
  });
}

void RemoteArchive::ask_now(const std::string& mount, std::int64_t from_ms, std::int64_t to_ms,
                            const std::string& query, UniqueFunction<void(bool)> then) {
  const auto view = holders();
  RemoteJoin join(std::move(then));
  if (asked_at_.size() > kMaxLooked) asked_at_.clear();
  std::size_t asked = 0;
  const auto holders = in_order(*view, mount);
  for (const HolderRow* holder : holders) {
    if (asked == kMaxHoldersAsked) break;
    const bool rests = peers_[holder->node].rests_until > loop().now();
    if (rests && asked > 0) {  // another holder has been asked
      join.part()(false);
      continue;
    }
    const bool has =
        to_ms == 0 ||
        std::any_of(holder->ranges.begin(), holder->ranges.end(), [&](const HeldRange& range) {
          return range.from_ms < to_ms && range.ends_after(from_ms);
        });
    if (!has) continue;
    ++asked;
    const std::string key = cat({holder->node, " ", mount, query});
    const auto fresh = asked_at_.find(key);
    if (fresh != asked_at_.end() && loop().now() - fresh->second < kListFresh) continue;
    auto& waiting = lookups_[key];
    waiting.push_back(join.part());
    if (waiting.size() > 1) continue;
    ask(*holder, cat({kBlockPath, percent_encode(mount, true), "/", query}), "", kLargestList,
        holders.size() == 1,
        [this, mount, node = holder->node, from_ms, to_ms, key](Result<FetchAnswer> answer) {
          const bool answered = answer && answer->status < 500;
          if (answer) asked_at_[key] = loop().now();
          list_came(mount, node, from_ms, to_ms, std::move(answer));
          auto all = lookups_.extract(key);
          for (auto& each : all.mapped()) each(answered);
        });
  }
  join.close();
}

void RemoteArchive::list_came(const std::string& mount, const std::string& node,
                              std::int64_t from_ms, std::int64_t to_ms,
                              Result<FetchAnswer> answer) {
  const Key key{mount, {}};
  if (!answer) return failed(key, node, answer.error(), true);
  if (answer->status != 200)
    return failed(key, node, Error::denied(cat({"status ", answer->status})), false);
  auto rows = parse_file_list(answer->body);
  if (!rows) return failed(key, node, rows.error(), true);
  const auto view = holders();
  const auto& now = view->of(mount);
  if (std::none_of(now.begin(), now.end(), [&](const HolderRow& row) { return row.node == node; }))
    return;
  // Known files of this time that the new list lacks have been removed.
  if (rows->size() == kMaxFiles) to_ms = rows->back().from_ms;
  Rows& known = known_[mount][node];
  std::erase_if(known, [&](const FileRow& row) {
    const bool listed = std::any_of(rows->begin(), rows->end(),
                                    [&](const FileRow& each) { return each.name() == row.name(); });
    return listed || (row.from_ms < to_ms && row.to_ms > from_ms);
  });
  if (known.size() + rows->size() > kMaxListed) known.clear();
  known.insert(known.end(), rows->begin(), rows->end());
  std::sort(known.begin(), known.end(), [](const FileRow& a, const FileRow& b) {
    return a.from_ms != b.from_ms ? a.from_ms < b.from_ms : a.origin < b.origin;
  });
  publish(mount);
}

void RemoteArchive::publish(const std::string& mount) {
  auto made = std::make_shared<Lists>();
  const auto known = known_.find(mount);
  const auto view = holders();
  if (known != known_.end()) {
    bool any_awake = false;
    for (const HolderRow* holder : in_order(*view, mount)) {
      const auto rows = known->second.find(holder->node);
      if (rows == known->second.end()) continue;
      // Files of a holder that has just failed count only if no other holder has any.
      const bool rests = peers_[holder->node].rests_until > loop().now();
      if (rests && any_awake) continue;
      any_awake = any_awake || !rests;
      made->push_back({holder->node, std::make_shared<const Rows>(rows->second)});
    }
  }
  std::lock_guard<std::mutex> guard(lists_mutex_);
  if (made->empty()) {
    lists_.erase(mount);
    merged_.erase(mount);
  } else {
    lists_[mount] = std::move(made);
  }
}

// -- which holder is asked ---------------------------------------------------------------------

std::vector<const HolderRow*> RemoteArchive::in_order(const HolderView& view,
                                                      std::string_view mount) {
  std::vector<const HolderRow*> out;
  for (const HolderRow& row : view.of(mount))
    if (!row.places.empty()) out.push_back(&row);
  const SteadyTime now = loop().now();
  const auto rank = [&](const HolderRow* row) {
    const Peer& peer = peers_[row->node];
    return std::pair(peer.rests_until > now, peer.ms * (1 + peer.busy));
  };
  std::stable_sort(out.begin(), out.end(),
                   [&rank](const HolderRow* a, const HolderRow* b) { return rank(a) < rank(b); });
  return out;
}

bool RemoteArchive::lists_file(const std::string& mount, const std::string& node,
                               const ArchiveFileName& name, std::uint64_t bytes) const {
  const auto nodes = known_.find(mount);
  if (nodes == known_.end()) return false;
  const auto rows = nodes->second.find(node);
  if (rows == nodes->second.end()) return false;
  return std::any_of(rows->second.begin(), rows->second.end(), [&](const FileRow& row) {
    return row.name() == name && (row.open || row.bytes >= bytes);
  });
}

const HolderRow* RemoteArchive::next_holder(const HolderView& view, const Key& key,
                                            std::uint64_t bytes,
                                            const std::set<std::string>& tried) {
  for (const HolderRow* holder : in_order(view, key.mount))
    if (!tried.contains(holder->node) && lists_file(key.mount, holder->node, key.name, bytes))
      return holder;
  return nullptr;
}

void RemoteArchive::ask(const HolderRow& holder, const std::string& path, const std::string& range,
                        std::size_t most, bool alone,
                        UniqueFunction<void(Result<FetchAnswer>)> then) {
  Peer& peer = peers_[holder.node];
  FetchRequest request;
  request.url = holder.places[peer.place % holder.places.size()] + path;
  request.timeout = alone ? kLonelyAnswerTime : kAnswerTime;
  request.body_bytes = most;
  request.named_by = holder.named_by;
  request.headers.push_back("Authorization: Bearer " + holder.pass);
  if (!range.empty()) request.headers.push_back("Range: bytes=" + range);
  ++peer.busy;
  transport_(std::move(request), [this, node = holder.node, begin = loop().now(),
                                  then = std::move(then)](Result<FetchAnswer> answer) mutable {
    Peer& asked = peers_[node];
    --asked.busy;
    if (answer) asked.ms += (ms_since(begin, loop().now()) - asked.ms) / 8;
    then(std::move(answer));
  });
}

void RemoteArchive::failed(const Key& key, const std::string& node, const Error& error, bool host) {
  if (host) {
    Peer& peer = peers_[node];
    ++peer.place;
    const SteadyTime now = loop().now();
    if (peer.rests_until <= now)
      log_.warn("archive/remote", cat({"archive ", key.mount, ": node ", node,
                                       " does not give its recordings: ", error.what,
                                       "; it rests for 10 s, others are asked"}));
    peer.rests_until = now + kRest;
  } else if (key.name.seconds > 0) {
    // The holder has removed the file, or never had it.
    const auto nodes = known_.find(key.mount);
    if (nodes != known_.end())
      if (const auto rows = nodes->second.find(node); rows != nodes->second.end())
        std::erase_if(rows->second, [&](const FileRow& row) { return row.name() == key.name; });
  }
  publish(key.mount);
}

bool FileCache::Key::operator<(const Key& other) const noexcept {
  return std::tie(mount, name.seconds, name.id, name.origin) <
         std::tie(other.mount, other.name.seconds, other.name.id, other.name.origin);
}

// Versions of a growing file share their bytes.
bool FileCache::Kept::in_use() const noexcept {
  return file.use_count() > 1 || (file->remote && file->remote.use_count() > 1);
}

std::shared_ptr<const ArchiveFile> FileCache::find(const Key& key) {
  const std::lock_guard<std::mutex> guard(mutex_);
  const auto found = files_.find(key);
  if (found == files_.end()) return nullptr;
  found->second.used = ++uses_;
  return found->second.file;
}

void FileCache::put(const Key& key, std::shared_ptr<const ArchiveFile> file) {
  const std::lock_guard<std::mutex> guard(mutex_);
  Kept kept{std::move(file), ++uses_};
  std::swap(files_[key], kept);
}

void FileCache::drop(const Key& key) {
  const std::lock_guard<std::mutex> guard(mutex_);
  files_.erase(key);
}

void FileCache::make_room(std::uint64_t bytes) {
  const std::lock_guard<std::mutex> guard(mutex_);
  while (true) {
    std::uint64_t all = 0;
    std::size_t idle = 0;
    auto oldest = files_.end();
    for (auto at = files_.begin(); at != files_.end(); ++at) {
      all += at->second.bytes();
      if (at->second.in_use()) continue;
      ++idle;
      if (oldest == files_.end() || at->second.used < oldest->second.used) oldest = at;
    }
    if (oldest == files_.end() || (all <= bytes && idle <= kMaxIdle)) return;
    files_.erase(oldest);
  }
}

std::uint64_t FileCache::bytes_in_use() const {
  const std::lock_guard<std::mutex> guard(mutex_);
  std::uint64_t bytes = 0;
  for (const auto& [key, kept] : files_)
    if (kept.in_use()) bytes += kept.bytes();
  return bytes;
}

}  // namespace lb
