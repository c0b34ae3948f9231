// Reach: from where an address can be reached: this host, its link, its own network, everywhere.
// Another server must not direct our requests to addresses that only we can reach (server-side
// request forgery): see may_name().
//
// Source: RFC 6890 (special-purpose addresses), RFC 4193 (fc00::/7), RFC 6598 (100.64.0.0/10),
// RFC 6052 and 3056 (64:ff9b::/96 and 2002::/16 hold an IPv4 address, which counts).
// Thread: plain values, pure functions.
#pragma once

#include <cstdint>
#include <string_view>

#include "net/address/address.h"

namespace lb {

enum class Reach : std::uint8_t { kHost, kLink, kNetwork, kPublic };

Reach reach_of(const Address& address) noexcept;
// "a loopback address", "a private address" …
std::string_view to_text(Reach reach) noexcept;

// Whether a server at an address of `from` may send us to one of `to`: always to public ones,
// otherwise only to its own kind: a master in 10.0.0.0/8 to its neighbours, but not to this host.
constexpr bool may_name(Reach from, Reach to) noexcept {
  return to == Reach::kPublic || to == from;
}

}  // namespace lb
