// PasswordThrottle: slows down those who guess passwords, and nobody else.
//
// A bucket for every (address, user name): a wrong password costs a token; 20 are free, two come
// back a second (decisions B10).  IPv6 addresses count by their /64, because a guesser has all of
// it. Memory: a fixed table of 512 KiB; names are hashed into it with a secret key, so nobody can
// aim at the bucket of somebody else. Thread safety: all functions from any thread; no locks.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "net/address.h"

namespace lb {

class PasswordThrottle {
 public:
  static constexpr int kFree = 20;
  static constexpr int kPerSecond = 2;

  explicit PasswordThrottle(const Clock& clock);

  // nullopt: judge the password.  Otherwise it must not be looked at, and the peer is told to come
  // back after so many seconds.
  std::optional<std::chrono::seconds> blocked(const Address& peer, std::string_view user) const;
  // The password was wrong.
  void wrong(const Address& peer, std::string_view user);

 private:
  // When the bucket would be full again, in milliseconds of the steady clock.
  using Bucket = std::atomic<std::int64_t>;
  Bucket& bucket(const Address& peer, std::string_view user) const;
  std::int64_t now_ms() const;

  const Clock& clock_;
  const std::string key_;
  const std::unique_ptr<Bucket[]> buckets_;
};

}  // namespace lb
