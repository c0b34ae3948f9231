#include "archive/files/passes.h"

#include <utility>

#include "base/cat.h"
#include "base/encoding.h"
#include "http/credentials.h"
#include "net/crypto/digest.h"

namespace lb {
namespace {

constexpr std::size_t kSecretOfPasses = 32, kPassBytes = 16;

std::string pass_with(const std::string& secret, std::string_view mount) {
  return hex_encode(hmac_sha256(secret, cat({"archive pass ", mount})).substr(0, kPassBytes));
}

}  // namespace

ArchivePasses::ArchivePasses(SteadyTime now)
    : secret_(random_bytes(kSecretOfPasses)), before_(random_bytes(kSecretOfPasses)), since_(now) {}

bool ArchivePasses::rotate(SteadyTime now) {
  std::lock_guard<std::mutex> guard(mutex_);
  if (now - since_ < kLasts) return false;
  before_ = now - since_ < 2 * kLasts ? secret_ : random_bytes(kSecretOfPasses);
  secret_ = random_bytes(kSecretOfPasses);
  since_ = now;
  return true;
}

std::string ArchivePasses::pass(std::string_view mount) const {
  std::lock_guard<std::mutex> guard(mutex_);
  return pass_with(secret_, mount);
}

bool ArchivePasses::valid(std::string_view mount, std::string_view pass) const {
  std::lock_guard<std::mutex> guard(mutex_);
  // Both comparisons always run, so the duration does not show which secret matched.
  const bool now = secret_equal(pass, pass_with(secret_, mount));
  const bool then = secret_equal(pass, pass_with(before_, mount));
  return now || then;
}

PassesRecord ArchivePasses::save() const {
  std::lock_guard<std::mutex> guard(mutex_);
  return {secret_, before_, since_};
}

void ArchivePasses::restore(PassesRecord saved) {
  std::lock_guard<std::mutex> guard(mutex_);
  secret_ = std::move(saved.secret);
  before_ = std::move(saved.before);
  since_ = saved.since;
}

}  // namespace lb
