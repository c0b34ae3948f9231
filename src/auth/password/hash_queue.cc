#include "auth/password/hash_queue.h"

#include <chrono>
#include <utility>

#include "auth/password/password_hash.h"
#include "net/crypto/digest.h"

namespace lb {
namespace {

constexpr auto kKnownFor = std::chrono::seconds(60);
constexpr unsigned kStrangersTurn = 4;

}  // namespace

HashQueue::HashQueue(Loop& control)
    : control_(control),
      secret_(random_bytes(32)),
      usual_(control, "hashes"),
      dear_(control, "dear hashes") {}

bool HashQueue::check(std::string hash, std::string password, UniqueFunction<void(bool)> done) {
  return take({std::move(hash), std::move(password), {}, {}, {}}, std::move(done));
}

bool HashQueue::check_stranger(const Address& from, std::string hash, std::string password,
                               UniqueFunction<void(bool)> done) {
  return take({std::move(hash), std::move(password), {}, from.network(), {}}, std::move(done));
}

bool HashQueue::take(Job job, UniqueFunction<void(bool)> done) {
  control_.assert_here();
  job.key = hmac_sha256(secret_, job.hash + '\n' + job.password);
  if (const auto at = known_.find(job.key); at != known_.end()) {
    if (control_.now() < at->second) {
      done(true);
      return true;
    }
    known_.erase(at);
  }
  Lane& lane = is_dear_hash(job.hash) ? dear_ : usual_;
  const bool stranger = !job.network.empty();
  Jobs& room = stranger ? lane.strangers : lane.waiting;
  if (lane.judged && lane.judged->key == job.key) {
    lane.judged->done.push_back(std::move(done));
    return true;
  }
  std::size_t of_address = 0;
  for (Job& other : room) {
    if (other.key == job.key) {
      other.done.push_back(std::move(done));
      return true;
    }
    of_address += other.network == job.network ? 1 : 0;
  }
  if (room.size() >= (stranger ? kMaxStrangers : kMaxWaiting)) return false;
  if (stranger && of_address >= kMaxOfAddress) return false;
  job.done.push_back(std::move(done));
  room.push_back(std::move(job));
  next(lane);
  return true;
}

void HashQueue::next(Lane& lane) {
  if (lane.judged) return;
  if (lane.waiting.empty() && lane.strangers.empty()) return;
  const bool of_strangers =
      lane.waiting.empty() || (!lane.strangers.empty() && ++lane.turn % kStrangersTurn == 0);
  Jobs& room = of_strangers ? lane.strangers : lane.waiting;
  lane.judged = std::move(room.front());
  room.pop_front();
  lane.thread.judge(lane.judged->hash, lane.judged->password,
                    [this, &lane](bool right) { finished(lane, right); });
}

void HashQueue::finished(Lane& lane, bool right) {
  Job job = *std::exchange(lane.judged, std::nullopt);
  if (right) remember(job.key);
  next(lane);
  for (auto& done : job.done) done(right);
}

void HashQueue::remember(const std::string& key) {
  const SteadyTime now = control_.now();
  if (known_.size() >= kMaxKnown)
    std::erase_if(known_, [now](const auto& row) { return row.second <= now; });
  if (known_.size() < kMaxKnown) known_[key] = now + kKnownFor;
}

}  // namespace lb
