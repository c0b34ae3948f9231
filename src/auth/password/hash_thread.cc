#include "auth/password/hash_thread.h"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

#include "auth/password/password_hash.h"
#include "base/thread.h"

namespace lb {

struct HashThread::Shared {
  struct Question {
    std::string hash, password;
  };
  std::mutex mutex;  // of everything below; control holds it for moments, the thread never works
                     // under it
  std::condition_variable changed;
  std::optional<Question> question;
  // Null: closed.  Its loop is posted to under the mutex: it may be gone as soon as the owner is.
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
      // Changes on control only, which this is.
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
    // Without a thread no password is right; the next question tries again.
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
