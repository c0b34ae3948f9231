// Public addresses as text: "edge1.example.org:8000", "[2001:db8::2]:8443".
//
// They come from configurations and from reports of other servers, and end in the Location of a
// redirect.  So only a host name or a literal address is accepted as a host: no user:password@, no
// path, no control character.
// Source: RFC 3986 for an address; lists of them in the configuration have our own format.
// Thread: pure functions, plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cluster/nodes/node.h"
#include "net/address/address.h"

namespace lb {

struct ConnectTarget;

constexpr std::uint16_t kIcecastPort = 8000;  // the default port

// "host:port", "[v6]:port"; without a port: `otherwise`.
// Errors: "\"edge1:0\" has no port between 1 and 65535".
Result<NodeAddress> parse_public_address(PublicScheme scheme, std::string_view text,
                                         std::uint16_t otherwise);
// A host alone: a name, or a literal address with or without brackets.
Result<NodeAddress> make_public_address(PublicScheme scheme, std::string_view host,
                                        std::uint16_t port);
// "host:port", with brackets around IPv6.
std::string to_text(const NodeAddress& address);
// "http://host:port"; the scheme's own port is left out.
std::string origin_of(const NodeAddress& address);
// The origin of a server that this server connects to; nullopt: the target does not use this
// scheme.
std::optional<std::string> origin_of(const ConnectTarget& target, PublicScheme scheme);

// <node allow-public="edge1.example.org:8000,8443 [2001:db8::2]:8000 *.example.org:443"/>: the
// addresses to which listeners may be sent for a node.
class AllowedAddresses {
 public:
  // Errors name the entry.
  static Result<AllowedAddresses> parse(std::string_view text);
  bool contains(const NodeAddress& address) const;
  bool empty() const noexcept { return entries_.empty(); }
  bool operator==(const AllowedAddresses&) const = default;

 private:
  struct Entry {
    std::string host;  // lower case; "*.example.org": every name below example.org
    std::vector<std::uint16_t> ports;

    bool operator==(const Entry&) const = default;
  };
  std::vector<Entry> entries_;
};

// The family of the literal addresses that the client can use.
ClientFamily family_of(const Address& client) noexcept;

}  // namespace lb
