// PullMark: one line in a node's request for a stream that proves which node asks, without showing
// its secret to readers of the request.
//
//   X-LB-Pull: edge1.9f3c21aa; to=m1.77e0aa01; n=17; t=1792540800; mac=<64 hex digits>
//   mac = HMAC-SHA256(pull key, "lbedge-pull/1\n" edge1.9f3c21aa "\n" m1.77e0aa01 "\n" 17 "\n"
//                               1792540800 "\n" mount)
//   pull key = HMAC-SHA256(secret, "lbedge-cluster/1 pull " edge1)
// edge1: the node's name in the master's <node>, with the epoch of its process; to: the mark of the
// master's process, both from HELLO and WELCOME; n: counts the requests of this process from 1; t:
// seconds since 1970 by the master's clock; mount: as requested, decoded.
//
// So a recorded line is of no use for another mount, node or master, nor after a restart of the
// master, and a PullVerifier accepts each only once.  It does allow offline guesses of the secret,
// as a recorded link does, so the secret must not be guessable.
// Source: ours; doc/protocol.md.
//
// Thread: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"

namespace lb {

struct PullMark {
  std::string id, epoch;  // of the node and its process
  std::string to;         // "m1.77e0aa01"
  std::uint64_t number = 0;
  std::int64_t at = 0;   // seconds since 1970
  std::string mac = {};  // 64 lower-case hex digits

  // The correct mac; "" without a secret.
  std::string mac_for(std::string_view secret, std::string_view mount) const;
};

// With its CRLF. REQUIRES: id and epoch are is_node_id(), to is two of them
std::string pull_line(PullMark mark, std::string_view secret, std::string_view mount);

// Whether the request claims to be a node's pull; nothing is proved.
bool has_pull_mark(const Headers& request) noexcept;
// nullopt: none, or malformed.
std::optional<PullMark> pull_mark_of(const Headers& request);

}  // namespace lb
