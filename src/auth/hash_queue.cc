#include "auth/hash_queue.h"

#include <chrono>
#include <memory>
#include <utility>

#include "auth/password_hash.h"
#include "net/digest.h"

namespace lb {
namespace {

constexpr auto kKnownFor = std::chrono::seconds(60);

}  // namespace

HashQueue::HashQueue(Loop& control, Loop& clerk)
    : control_(control), clerk_(clerk), secret_(random_bytes(32)) {}

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
  if (waiting_.size() >= kMaxWaiting) return false;
  waiting_.push_back({std::move(hash), std::move(password), std::move(key), std::move(done)});
  next();
  return true;
}

void HashQueue::next() {
  if (busy_ || waiting_.empty()) return;
  busy_ = true;
  // One job a task: what else waits for the clerk gets its turn in between.
  clerk_.post([this, job = std::make_shared<Job>(std::move(waiting_.front()))] {
    const bool right = password_matches(job->hash, job->password);
    control_.post([this, job, right] { finished(std::move(*job), right); });
  });
  waiting_.pop_front();
}

void HashQueue::finished(Job job, bool right) {
  busy_ = false;
  if (right) remember(job.key);
  next();
  job.done(right);
}

void HashQueue::remember(const std::string& key) {
  const SteadyTime now = control_.now();
  if (known_.size() >= kMaxKnown)
    std::erase_if(known_, [now](const auto& row) { return row.second <= now; });
  if (known_.size() < kMaxKnown) known_[key] = now + kKnownFor;
}

}  // namespace lb
