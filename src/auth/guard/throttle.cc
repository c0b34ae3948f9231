#include "auth/guard/throttle.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "base/cat.h"
#include "net/crypto/digest.h"

namespace lb {
namespace {

constexpr std::size_t kPlaces = 65536;
constexpr std::size_t kKnownSlots = 8192;

// A bucket holds `tokens`; each comes back after `token_ms`.
struct Rule {
  std::int64_t tokens, token_ms;
};
constexpr Rule kGuesses{PasswordThrottle::kFree, 1000 / PasswordThrottle::kPerSecond};
constexpr Rule kComparisons{PasswordThrottle::kFreeComparisons,
                            1000 / PasswordThrottle::kComparisonsPerSecond};

std::optional<std::chrono::seconds> wait_of(const std::atomic<std::int64_t>& full_at,
                                            std::int64_t now, const Rule& rule) {
  const std::int64_t spent = full_at.load(std::memory_order_relaxed) - now;
  const std::int64_t wait = spent - (rule.tokens - 1) * rule.token_ms;
  if (wait <= 0) return std::nullopt;
  return std::chrono::ceil<std::chrono::seconds>(std::chrono::milliseconds(wait));
}

// Guesses judged at the same time may overdraw a bucket, but by no more than this.
std::int64_t latest(std::int64_t now, const Rule& rule) {
  return now + (rule.tokens + PasswordThrottle::kFree) * rule.token_ms;
}

void take_token(std::atomic<std::int64_t>& full_at, std::int64_t now, const Rule& rule) {
  const std::int64_t longest = latest(now, rule);
  std::int64_t seen = full_at.load(std::memory_order_relaxed);
  std::int64_t next = 0;
  do {
    next = std::min(std::max(seen, now) + rule.token_ms, longest);
  } while (!full_at.compare_exchange_weak(seen, next, std::memory_order_relaxed));
}

std::string name_of(const Address& peer, std::string_view user) {
  return peer.network().append(user);
}

}  // namespace

PasswordThrottle::PasswordThrottle(const Clock& clock)
    : clock_(clock),
      key_(random_bytes(32)),
      buckets_(static_cast<Bucket*>(std::calloc(2 * kPlaces, sizeof(Bucket)))),
      known_(new std::atomic<std::uint64_t>[kKnownSlots]) {
  if (buckets_ == nullptr) std::abort();
  for (std::size_t i = 0; i < kKnownSlots; ++i) known_[i].store(0, std::memory_order_relaxed);
}

PasswordThrottle::Place PasswordThrottle::place(const Address& peer, std::string_view user) const {
  const std::string digest = hmac_sha256(key_, name_of(peer, user));
  std::uint32_t at = 0;
  std::memcpy(&at, digest.data(), sizeof at);
  const std::size_t first = 2 * (at % kPlaces);
  return {buckets_[first], buckets_[first + 1]};
}

std::uint64_t PasswordThrottle::digest(const Address& peer, std::string_view user,
                                       std::string_view password) const {
  // The newline separates the parts, which normally have none.
  const std::string made = hmac_sha256(key_, cat({name_of(peer, user), '\n', password}));
  std::uint64_t digest = 0;
  std::memcpy(&digest, made.data(), sizeof digest);
  return digest;
}

std::int64_t PasswordThrottle::now_ms() const {
  using std::chrono::milliseconds;
  return std::chrono::duration_cast<milliseconds>(clock_.steady().time_since_epoch()).count();
}

std::optional<std::chrono::seconds> PasswordThrottle::blocked(const Address& peer,
                                                              std::string_view user) const {
  return wait_of(place(peer, user).guesses, now_ms(), kGuesses);
}

std::optional<std::chrono::seconds> PasswordThrottle::shut_out(const Address& peer,
                                                               std::string_view user,
                                                               std::string_view password) const {
  const Place here = place(peer, user);
  if (!wait_of(here.guesses, now_ms(), kGuesses)) return std::nullopt;
  const auto wait = wait_of(here.comparisons, now_ms(), kComparisons);
  if (!wait) return std::nullopt;
  if (was_right(peer, user, password)) return std::nullopt;
  return wait;
}

bool PasswordThrottle::was_right(const Address& peer, std::string_view user,
                                 std::string_view password) const {
  const std::uint64_t given = digest(peer, user, password);
  return known_[given % kKnownSlots].load(std::memory_order_relaxed) == given;
}

void PasswordThrottle::wrong(const Address& peer, std::string_view user) {
  const Place here = place(peer, user);
  take_token(here.guesses, now_ms(), kGuesses);
  take_token(here.comparisons, now_ms(), kComparisons);
}

void PasswordThrottle::wrong_again(const Address& peer, std::string_view user) {
  take_token(place(peer, user).comparisons, now_ms(), kComparisons);
}

void PasswordThrottle::right(const Address& peer, std::string_view user,
                             std::string_view password) {
  const std::uint64_t given = digest(peer, user, password);
  known_[given % kKnownSlots].store(given, std::memory_order_relaxed);
}

ThrottleRecord PasswordThrottle::save() const {
  ThrottleRecord saved;
  saved.key = key_;
  const std::int64_t now = now_ms();
  for (std::uint32_t i = 0; i < kPlaces; ++i) {
    const ThrottledRecord place{i, buckets_[2 * i].load(std::memory_order_relaxed),
                                buckets_[2 * i + 1].load(std::memory_order_relaxed)};
    if (place.guesses > now || place.comparisons > now) saved.places.push_back(place);
  }
  for (std::size_t i = 0; i < kKnownSlots; ++i)
    if (const std::uint64_t digest = known_[i].load(std::memory_order_relaxed); digest != 0)
      saved.known.push_back(digest);
  return saved;
}

void PasswordThrottle::restore(const ThrottleRecord& saved) {
  key_ = saved.key;
  const std::int64_t now = now_ms();
  for (const ThrottledRecord& one : saved.places) {
    if (one.place >= kPlaces) continue;
    const std::size_t at = 2 * static_cast<std::size_t>(one.place);
    buckets_[at].store(std::min(one.guesses, latest(now, kGuesses)), std::memory_order_relaxed);
    buckets_[at + 1].store(std::min(one.comparisons, latest(now, kComparisons)),
                           std::memory_order_relaxed);
  }
  for (const std::uint64_t digest : saved.known)
    known_[digest % kKnownSlots].store(digest, std::memory_order_relaxed);
}

}  // namespace lb
