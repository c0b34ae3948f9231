#include "auth/hash_queue.h"

#include <chrono>
#include <utility>

#include "auth/password_hash.h"
#include "net/digest.h"

namespace lb {
namespace {

constexpr auto kKnownFor = std::chrono::seconds(60);

}  // namespace

HashQueue::HashQueue(Loop& control)
    : control_(control),
      secret_(random_bytes(32)),
      usual_(control, "hashes"),
      dear_(control, "dear hashes") {}

bool HashQueue::check(std::string hash, std::string password, UniqueFunction<void(bool)> done) {
  control_.assert_here();
  std::string key = hmac_sha256(secret_, hash + '\n' + password);
  if (const auto at = known_.find(key); at != known_.end()) {
    if (control_.now() < at->second) {
      done(true);
      return true;
    }
    known_.erase(at);
  }
  Lane& lane = is_dear_hash(hash) ? dear_ : usual_;
  if (lane.waiting.size() >= kMaxWaiting + (lane.busy ? 1 : 0)) return false;
  lane.waiting.push_back({std::move(hash), std::move(password), std::move(key), std::move(done)});
  next(lane);
  return true;
}

void HashQueue::next(Lane& lane) {
  if (lane.busy || lane.waiting.empty()) return;
  lane.busy = true;
  const Job& job = lane.waiting.front();
  lane.thread.judge(job.hash, job.password, [this, &lane](bool right) { finished(lane, right); });
}

void HashQueue::finished(Lane& lane, bool right) {
  Job job = std::move(lane.waiting.front());
  lane.waiting.pop_front();
  lane.busy = false;
  if (right) remember(job.key);
  next(lane);
  job.done(right);
}

void HashQueue::remember(const std::string& key) {
  const SteadyTime now = control_.now();
  if (known_.size() >= kMaxKnown)
    std::erase_if(known_, [now](const auto& row) { return row.second <= now; });
  if (known_.size() < kMaxKnown) known_[key] = now + kKnownFor;
}

}  // namespace lb
