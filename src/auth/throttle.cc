#include "auth/throttle.h"

#include <algorithm>
#include <cstring>

#include "net/digest.h"

namespace lb {
namespace {

constexpr std::size_t kBuckets = 65536;
constexpr std::int64_t kTokenMs = 1000 / PasswordThrottle::kPerSecond;
constexpr std::size_t kPrefixBytes = 8;  // of an IPv6 address: a /64

}  // namespace

PasswordThrottle::PasswordThrottle(const Clock& clock)
    : clock_(clock), key_(random_bytes(32)), buckets_(new Bucket[kBuckets]) {
  for (std::size_t i = 0; i < kBuckets; ++i) buckets_[i].store(0, std::memory_order_relaxed);
}

PasswordThrottle::Bucket& PasswordThrottle::bucket(const Address& peer,
                                                   std::string_view user) const {
  const auto& bytes = peer.bytes();
  std::string name(reinterpret_cast<const char*>(bytes.data()),
                   peer.is_v4() ? bytes.size() : kPrefixBytes);
  name += user;
  const std::string digest = hmac_sha256(key_, name);
  std::uint32_t at = 0;
  std::memcpy(&at, digest.data(), sizeof at);
  return buckets_[at % kBuckets];
}

std::int64_t PasswordThrottle::now_ms() const {
  using std::chrono::milliseconds;
  return std::chrono::duration_cast<milliseconds>(clock_.steady().time_since_epoch()).count();
}

std::optional<std::chrono::seconds> PasswordThrottle::blocked(const Address& peer,
                                                              std::string_view user) const {
  const std::int64_t spent = bucket(peer, user).load(std::memory_order_relaxed) - now_ms();
  const std::int64_t wait = spent - (kFree - 1) * kTokenMs;
  if (wait <= 0) return std::nullopt;
  return std::chrono::ceil<std::chrono::seconds>(std::chrono::milliseconds(wait));
}

void PasswordThrottle::wrong(const Address& peer, std::string_view user) {
  Bucket& full_at = bucket(peer, user);
  const std::int64_t now = now_ms();
  // Guesses that were judged at the same time may overdraw, but not for hours.
  const std::int64_t longest = now + 2 * kFree * kTokenMs;
  std::int64_t seen = full_at.load(std::memory_order_relaxed);
  std::int64_t next = 0;
  do {
    next = std::min(std::max(seen, now) + kTokenMs, longest);
  } while (!full_at.compare_exchange_weak(seen, next, std::memory_order_relaxed));
}

}  // namespace lb
