// PasswordThrottle: slows down clients that guess passwords, and no others.
//
// A bucket for every (address, user name): a wrong password costs a token; 20 are free, two come
// back a second (doc/decisions.md B10).  What costs a hash or a backend to judge is not judged when
// they are spent.
//
// A password that costs a comparison is judged even then, because the wrong passwords may be those
// of another encoder, or of other clients behind the same proxy: as long as the wrong ones are
// fewer than 20 a second, after 1000 free ones; and in any flood, if the same password was right
// before from that address. So no address tries more than 20 passwords a second for long, and a
// client with a password that was once right is always allowed.
//
// IPv6 addresses count by their /64, because a guesser has all of it.
// Bounds: fixed tables of 1 MiB; names are hashed into them with a secret key, so no client can aim
// at the bucket of another.
// Thread: all functions from any thread; no locks.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "auth/guard/guess_record.h"
#include "base/clock.h"
#include "net/address/address.h"

namespace lb {

class PasswordThrottle {
 public:
  static constexpr int kFree = 20;
  static constexpr int kPerSecond = 2;
  static constexpr int kFreeComparisons = 1000;
  static constexpr int kComparisonsPerSecond = 20;

  explicit PasswordThrottle(const Clock& clock);

  // nullopt: judge the password, or report it as wrong.  Otherwise only a comparison may judge it,
  // and the peer gets Retry-After with so many seconds.
  std::optional<std::chrono::seconds> blocked(const Address& peer, std::string_view user) const;
  // The same for one that is compared only: nullopt much longer.
  std::optional<std::chrono::seconds> shut_out(const Address& peer, std::string_view user,
                                               std::string_view password) const;
  // It was right before, from there.
  bool was_right(const Address& peer, std::string_view user, std::string_view password) const;
  // The password was wrong.
  void wrong(const Address& peer, std::string_view user);
  // The password was wrong, and the peer gets Retry-After: no token is taken.
  void wrong_again(const Address& peer, std::string_view user);
  // The password was right; it is remembered by a keyed digest, for shut_out().
  void right(const Address& peer, std::string_view user, std::string_view password);
  // Of a hand-over.  restore(): before anything is asked.
  ThrottleRecord save() const;
  void restore(const ThrottleRecord& saved);

 private:
  // When the bucket would be full again, in milliseconds of the steady clock.
  using Bucket = std::atomic<std::int64_t>;
  struct Place {
    Bucket& guesses;
    Bucket& comparisons;
  };
  Place place(const Address& peer, std::string_view user) const;
  std::uint64_t digest(const Address& peer, std::string_view user, std::string_view password) const;
  std::int64_t now_ms() const;

  const Clock& clock_;
  std::string key_;
  const std::unique_ptr<Bucket[]> buckets_;  // two for each place
  const std::unique_ptr<std::atomic<std::uint64_t>[]> known_;
};

}  // namespace lb
