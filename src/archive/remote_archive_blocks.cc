// Blocks of RemoteArchive: asked for once, checked, given to all that wait for them.
#include <algorithm>
#include <utility>

#include "archive/remote_archive.h"
#include "base/cat.h"
#include "base/encoding.h"

namespace lb {

// -- blocks ---------------------------------------------------------------------------------------

void RemoteArchive::fetch(std::shared_ptr<const ArchiveFile> file, std::uint64_t offset,
                          std::uint64_t bytes, UniqueFunction<void(bool)> then) {
  const auto join = std::make_shared<Join>();
  join->then = std::move(then);
  join->file = std::move(file);
  join->offset = std::min(offset, join->file->end());
  join->bytes = std::min(bytes, join->file->end() - join->offset);
  loop().post([this, join] {
    join->since = loop().now();
    fetch_now(join);
  });
}

// A block with wrong bytes may have been taken before its neighbour showed it.
void RemoteArchive::finish(const std::shared_ptr<Join>& join) {
  const bool again = join->good && !join->file->has(join->offset, join->bytes) &&
                     loop().now() - join->since < kPatience;
  if (again)
    fetch_now(join);
  else
    join->then(join->good);
}

void RemoteArchive::fetch_now(const std::shared_ptr<Join>& join) {
  const auto file = join->file;
  const Key key{file->remote->mount, file->row.name()};
  const std::uint64_t offset = join->offset, end = offset + join->bytes;
  join->left = 1;
  std::vector<FlightKey> begun;
  constexpr std::uint64_t kBlock = RemoteParts::kBlock;
  for (std::uint64_t block = offset / kBlock; block * kBlock < end; ++block) {
    const std::uint64_t want = std::min((block + 1) * kBlock, file->end());
    if (block * kBlock + file->remote->filled(block) >= std::min(want, end)) continue;
    const FlightKey flight_key{key, block};
    Flight& flight = flights_[flight_key];
    if (!flight.file) flight.attempt.since = loop().now();
    if (!flight.file || file->end() > flight.file->end()) flight.file = file;
    flight.want = std::max(flight.want, want);
    flight.waiting.emplace_back(want, join);
    ++join->left;
    begun.push_back(flight_key);
  }
  for (const FlightKey& each : begun) step(each);
  read_ahead(file, end == 0 ? 0 : (end - 1) / kBlock + 1);
  if (--join->left == 0) finish(join);
}

void RemoteArchive::read_ahead(const std::shared_ptr<const ArchiveFile>& file,
                               std::uint64_t block) {
  constexpr std::uint64_t kBlock = RemoteParts::kBlock;
  if (block * kBlock >= file->end() || file->remote->filled(block) > 0) return;
  // What is still growing would be asked for in small pieces.
  const std::uint64_t want = std::min((block + 1) * kBlock, file->end());
  if (file->row.open && want < (block + 1) * kBlock) return;
  const FlightKey key{{file->remote->mount, file->row.name()}, block};
  if (flights_.contains(key)) return;
  Flight& flight = flights_[key];
  flight.attempt.since = loop().now();
  flight.file = file;
  flight.want = want;
  step(key);
}

void RemoteArchive::step(const FlightKey& key) {
  const auto found = flights_.find(key);
  if (found == flights_.end() || found->second.attempt.under_way) return;
  Flight& flight = found->second;
  const auto view = holders();
  const HolderRow* holder = next_holder(*view, key.first, flight.want, flight.attempt);
  if (holder == nullptr) {
    if (!flight.waiting.empty() && loop().now() - flight.attempt.since < kPatience) {
      if (!retry_timer_->armed()) retry_timer_->after(kRetryEvery);
      return;
    }
    settle(key, true);
    return;
  }
  const std::uint64_t from =
      key.second * RemoteParts::kBlock + flight.file->remote->filled(key.second);
  flight.attempt.tried.insert(holder->node);
  flight.attempt.under_way = true;
  const std::uint64_t bytes = flight.want - from;
  ask(*holder,
      cat({kBlockPath, percent_encode(key.first.mount, true), "/", to_string(key.first.name),
           ".data"}),
      cat({from, "-", flight.want - 1}), static_cast<std::size_t>(bytes),
      view->of(key.first.mount).size() == 1,
      [this, key, node = holder->node, from, bytes](Result<FetchAnswer> answer) {
        block_came(key, node, from, bytes, std::move(answer));
      });
}

void RemoteArchive::block_came(const FlightKey& key, const std::string& node, std::uint64_t from,
                               std::uint64_t bytes, Result<FetchAnswer> answer) {
  const auto found = flights_.find(key);
  if (found == flights_.end()) return;
  Flight& flight = found->second;
  flight.attempt.under_way = false;
  RemoteParts& parts = *flight.file->remote;
  Result<void> taken;
  bool host = true, gone = false;
  if (!answer) {
    taken = answer.error();
  } else if (answer->status != 206 || answer->body.empty() || answer->body.size() > bytes) {
    taken = Error::denied(
        cat({"status ", answer->status, " with ", answer->body.size(), " bytes of ", bytes}));
    host = answer->status >= 500;
    gone = answer->status == 404;
  } else if (from == key.second * RemoteParts::kBlock + parts.filled(key.second)) {
    taken = parts.put(key.second, answer->body, flight.file->index);
    fetched_blocks.fetch_add(1, std::memory_order_relaxed);
    // Fewer, where the holder's catalog is a moment behind its index.
    fetched_bytes.fetch_add(answer->body.size(), std::memory_order_relaxed);
  }
  if (!taken) {
    if (host || gone) failed(key.first, node, taken.error(), host);
    step(key);
    return;
  }
  flight.attempt.tried.clear();
  settle(key, false);
}

// Tells those that have what they wanted, or all.
void RemoteArchive::settle(const FlightKey& key, bool given_up) {
  const auto found = flights_.find(key);
  Flight& flight = found->second;
  const std::uint64_t here =
      key.second * RemoteParts::kBlock + flight.file->remote->filled(key.second);
  std::vector<std::shared_ptr<Join>> ready;
  std::erase_if(flight.waiting, [&](const auto& each) {
    if (!given_up && each.first > here) return false;
    if (each.first > here) each.second->good = false;
    ready.push_back(each.second);
    return true;
  });
  if (flight.waiting.empty()) {
    flights_.erase(found);
    make_room();
  } else {
    step(key);
  }
  for (const auto& join : ready)
    if (--join->left == 0) finish(join);
}

}  // namespace lb
