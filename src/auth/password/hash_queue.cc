#include "auth/password/hash_queue.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

#include "auth/password/password_hash.h"
#include "base/thread.h"
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

struct HashThread::Shared {
  struct Question {
    std::string hash, password;
  };
  std::mutex mutex;  // of all members below; never held while a
                     // hash is computed
  std::condition_variable changed;
  std::optional<Question> question;
  // Null: closed.  The thread posts to its loop under the mutex: the loop may end right after the
  // owner.
  HashThread* owner = nullptr;
};

HashThread::~HashThread() {
  if (!shared_) return;
  const std::lock_guard lock(shared_->mutex);
  shared_->owner = nullptr;
  shared_->changed.notify_one();
}

void HashThread::run(const std::shared_ptr<Shared>& shared) {
  for (;;) {
    Shared::Question question;
    {
      std::unique_lock lock(shared->mutex);
      shared->changed.wait(lock,
                           [&shared] { return shared->owner == nullptr || shared->question; });
      if (shared->owner == nullptr) return;
      question = *std::exchange(shared->question, std::nullopt);
    }
    const bool right = password_matches(question.hash, question.password);
    const std::lock_guard lock(shared->mutex);
    if (shared->owner == nullptr) return;
    shared->owner->control_.post([shared, right] {
      // Only control changes `owner`, and this task runs there.
      HashThread* const owner = shared->owner;
      if (owner == nullptr) return;
      auto done = std::exchange(owner->done_, {});
      done(right);
    });
  }
}

void HashThread::judge(std::string hash, std::string password, UniqueFunction<void(bool)> done) {
  control_.assert_here();
  done_ = std::move(done);
  if (!shared_) {
    shared_ = std::make_shared<Shared>();
    shared_->owner = this;
  }
  if (!has_thread_) {
    auto made = make_thread(name_, [shared = shared_] { run(shared); });
    // Without a thread the password counts as wrong; the next question tries to start one.
    if (!made) {
      control_.post([shared = shared_] {
        if (shared->owner == nullptr) return;
        auto answer = std::exchange(shared->owner->done_, {});
        answer(false);
      });
      return;
    }
    made->detach();
    has_thread_ = true;
  }
  const std::lock_guard lock(shared_->mutex);
  shared_->question = Shared::Question{std::move(hash), std::move(password)};
  shared_->changed.notify_one();
}

}  // namespace lb
