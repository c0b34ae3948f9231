// RedirectToken: the one opaque parameter of a redirect, "lb=" and 27 characters.  It has the
// master and the time of expiry, and is valid for one node and one mount.
//
//   base64url( version 1 | key 1 | hops 1 | expires 4 | master 1 | mac 12 )
//   mac = first 12 bytes of HMAC-SHA256(node key, version … master | mount)
//   node key = HMAC-SHA256(key, "icecast-lb node " | node id)
// The key of a stolen node forges tokens for that node only. key: the first byte of
// HMAC-SHA256(key, "icecast-lb key"), which selects one of several keys while they are being
// changed. master: the lowest byte of its NodeKey, by which a node counts arrivals for each of its
// masters.
// Source: doc/protocol.md.
//
// If a node has received a key over its link (WELCOME), the token is signed with that key and has
// the client's number, so that the node can report to the master which redirect has arrived:
//   base64url( version 2 | key 1 | hops 1 | expires 4 | master 1 | client 4 | mac 8 )
// Linked nodes need no configured key, and a change of configured keys does not affect them.
//
// The token is the last parameter, because players cut addresses at '&'. It is removed from the
// request before authenticators, logs and upstreams see it.
//
// Thread: any.  Keys of nodes are computed once each and kept behind a lock.
// Ownership: values; copies of TokenKeys share the computed keys.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace lb {

class HmacKey;

struct RedirectToken {
  static constexpr std::size_t kTextBytes = 27;
  static constexpr std::chrono::seconds kLifetime{60};  // to connect; the stream may last longer
  static constexpr std::chrono::seconds kSkew{5};       // between the clocks of two nodes

  // kEarly: it expires later than a token made now, so it cannot exist yet. kForeign: signed by a
  // key that this node does not have; its contents are not proved.
  enum class Verdict : std::uint8_t { kValid, kExpired, kEarly, kForeign, kForged };
  Verdict verdict = Verdict::kForged;
  // The values of `hops`.
  static constexpr std::uint8_t kOfList = 0;  // in a playlist: its use confirms no redirect
  static constexpr std::uint8_t kOfRedirect = 1;
  static constexpr std::uint8_t kBack = 2;   // to a master, from a node that cannot serve
  static constexpr std::uint8_t kAgain = 3;  // of a redirect after kBack: it is not sent back again
  std::uint8_t hops = kOfList;
  std::uint8_t master = 0;   // of kBack: the node
  std::int64_t expires = 0;  // seconds since 1970, by the master's clock; of kBack: the target's
  std::uint32_t client = 0;  // a ClientKey of that master; 0: none

  // The verdict at `now` by that clock, for a token signed with one of our keys.
  Verdict verdict_at(WallTime now) const noexcept;
};

// The lowest byte of the node's NodeKey.
std::uint8_t token_tag(std::string_view node_id) noexcept;

// WayBack: the address and the names with which a listener is sent back to a master.
struct WayBack {
  std::string origin;  // "http://m1:8000"
  std::string master_id;
  std::string own_name;  // as the master calls this node
};

// The key that a master has made for this node, received over the link.
struct LinkKey {
  std::string master;  // its id
  std::uint8_t name = 0;
  std::string bytes;
  std::shared_ptr<const HmacKey> key;  // of them
};
LinkKey make_link_key(std::string master, std::uint8_t name, std::string bytes);
// Checks a token that is signed with one of these keys; kForeign: signed with another key, or of
// version 1.
RedirectToken check_link_token(std::string_view token, std::span<const LinkKey> keys,
                               std::string_view mount, WallTime now);

class TokenKeys {
 public:
  TokenKeys() = default;
  // The keys as words; the first one signs, all are accepted.
  explicit TokenKeys(std::string_view words);
  bool empty() const noexcept { return keys_.empty(); }
  bool operator==(const TokenKeys& other) const { return keys_ == other.keys_; }

  // A public key: any client can forge its signature, which shows only that there was a redirect.
  // It prevents a second redirect of the listener, and grants no access.
  static TokenKeys open() { return TokenKeys("icecast-lb-open"); }

  // REQUIRES: !empty()
  std::string sign(std::string_view node_id, std::string_view mount, std::uint8_t master,
                   WallTime now, std::uint8_t hops = 1) const;
  // Makes a token for a linked node, signed with link_key().
  std::string sign_for_link(std::string_view node_id, std::string_view mount, std::uint8_t master,
                            WallTime now, std::uint8_t hops, std::uint32_t client) const;
  // REQUIRES: !empty()
  std::string link_key(std::string_view node_id) const;
  std::uint8_t name() const noexcept { return keys_.front().name; }
  // now: by the clock of the master that signed the token, which `master` of the result names; see
  // verdict_at().
  RedirectToken check(std::string_view token, std::string_view node_id, std::string_view mount,
                      WallTime now) const;

 private:
  struct Key {
    std::string secret;
    std::uint8_t name;
    bool operator==(const Key&) const = default;
  };
  struct NodeKeys;  // of the nodes that have needed one
  std::string mac_of(const Key& key, std::string_view node_id, std::string_view facts,
                     std::string_view mount, std::size_t bytes) const;

  std::vector<Key> keys_;
  std::shared_ptr<NodeKeys> node_keys_;
};

// Removes the last lb= parameter of 27 such characters from a query; nullopt: it has none.
std::optional<std::string> take_token(std::string& query);

}  // namespace lb
