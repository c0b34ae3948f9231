// HashThread without a thread: the linker takes this one in place of the server's, and what it
// judges is answered in virtual time.
#include <map>
#include <utility>

#include "auth/password/hash_thread.h"
#include "auth/password/password_hash.h"

namespace lb {

struct HashThread::Shared {
  HashThread* owner = nullptr;
};

HashThread::~HashThread() {
  if (shared_) shared_->owner = nullptr;
}

void HashThread::judge(std::string hash, std::string password, UniqueFunction<void(bool)> done) {
  // Encoders come with the same one again and again.
  static std::map<std::pair<std::string, std::string>, bool> known;
  const auto [at, fresh] = known.try_emplace({std::move(hash), std::move(password)}, false);
  if (fresh) at->second = password_matches(at->first.first, at->first.second);
  done_ = std::move(done);
  if (!shared_) shared_ = std::make_shared<Shared>();
  shared_->owner = this;
  control_.post([shared = shared_, right = at->second] {
    if (shared->owner == nullptr) return;
    auto then = std::exchange(shared->owner->done_, {});
    then(right);
  });
}

}  // namespace lb
