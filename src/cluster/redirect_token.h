// RedirectToken: the one opaque parameter of a redirect, "lb=" and 27 characters: which master sent
// the listener, to which node, for which mount, until when.
//
//   base64url( version 1 | key 1 | hops 1 | expires 4 | master 1 | mac 12 )
//   mac = first 12 bytes of HMAC-SHA256(node key, version … master | mount)
//   node key = HMAC-SHA256(key, "icecast-lb node " | node id)
// so that a stolen node can forge no more than tokens for itself.  key: the first byte of
// HMAC-SHA256(key, "icecast-lb key"), which finds the right one of several while keys are being
// changed.  master: the lowest byte of its NodeKey, by which a node counts arrivals for each of its
// masters.  Source: cluster.md 3.6.
//
// One parameter, and the last one: players cut addresses at '&'.  It is taken out of the request
// before authenticators, logs and upstreams see it.
//
// Thread: TokenKeys is immutable; functions are pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace lb {

struct RedirectToken {
  static constexpr std::size_t kTextBytes = 27;
  static constexpr std::chrono::seconds kLifetime{60};  // to connect; the stream lives on
  static constexpr std::chrono::seconds kSkew{5};       // between the clocks of two nodes

  enum class Verdict : std::uint8_t { kValid, kExpired, kForged };
  Verdict verdict = Verdict::kForged;
  std::uint8_t hops = 0;  // 1: of a redirect; 0: of a playlist, so its use confirms no redirect
  std::uint8_t master = 0;
};

class TokenKeys {
 public:
  TokenKeys() = default;
  // Words; the first one signs, all are accepted.
  explicit TokenKeys(std::string_view words);
  bool empty() const noexcept { return keys_.empty(); }

  // Of nobody: what they sign says only that somebody redirected, and anybody can say that.  To be
  // believed no further than to serve him who comes with it instead of redirecting him again.
  static TokenKeys open() { return TokenKeys("icecast-lb-open"); }

  // REQUIRES: !empty()
  std::string sign(std::string_view node_id, std::string_view mount, std::uint8_t master,
                   WallTime now, std::uint8_t hops = 1) const;
  RedirectToken check(std::string_view token, std::string_view node_id, std::string_view mount,
                      WallTime now) const;

 private:
  struct Key {
    std::string secret;
    std::uint8_t name;
  };
  std::vector<Key> keys_;
};

// Takes the last lb= parameter of 27 such characters out of a query; nullopt: there is none.
std::optional<std::string> take_token(std::string& query);

}  // namespace lb
