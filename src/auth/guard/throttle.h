// PasswordThrottle: slows down only clients that guess passwords.
//
// A bucket for every (address, user name): a wrong password costs a token; 20 are free, two return
// each second (doc/decisions.md B10).  Without tokens, passwords that need a slow hash or a backend
// are not judged, unless they were right before from this address.
//
// A password that needs only a comparison is judged even then, because the wrong ones may come from
// another encoder, or other clients behind one proxy: while the wrong ones are below 20 a second,
// after 1000 free ones; and in any flood, if this password was right before from this address.  So
// no address tries more than 20 passwords a second for long, and a client with a once right
// password is always allowed.
//
// IPv6 addresses count by their /64, because a guesser has all of it.
// Bounds: fixed tables of 1 MiB; names are hashed into them with a secret key, so a client cannot
// aim at another's bucket.
// Thread: all functions from any thread; no locks.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
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
  // and the peer gets Retry-After with this time.
  std::optional<std::chrono::seconds> blocked(const Address& peer, std::string_view user) const;
  // The same for a password that only needs a comparison, with the larger limit.
  std::optional<std::chrono::seconds> shut_out(const Address& peer, std::string_view user,
                                               std::string_view password) const;
  // Whether this password was right before, from there.
  bool was_right(const Address& peer, std::string_view user, std::string_view password) const;
  // The password was wrong.
  void wrong(const Address& peer, std::string_view user);
  // The password was wrong, and the peer gets Retry-After: costs no token.
  void wrong_again(const Address& peer, std::string_view user);
  // The password was right; a keyed digest of it is kept for shut_out().
  void right(const Address& peer, std::string_view user, std::string_view password);
  // Of a hand-over. restore(): before any other call.
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
  struct Free {
    void operator()(Bucket* buckets) const noexcept { std::free(buckets); }
  };
  // Two for each place, zeros, whose memory is taken as they are written to.
  const std::unique_ptr<Bucket[], Free> buckets_;
  const std::unique_ptr<std::atomic<std::uint64_t>[]> known_;
};

}  // namespace lb
