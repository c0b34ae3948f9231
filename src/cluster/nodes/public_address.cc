#include "cluster/nodes/public_address.h"

#include <algorithm>

#include "base/cat.h"
#include "base/strings.h"
#include "http/text.h"
#include "net/socket/connector.h"

namespace lb {
namespace {

constexpr std::size_t kLongestHost = 253;

bool is_name(std::string_view host) {
  if (host.empty() || host.size() > kLongestHost || host.front() == '-' || host.front() == '.')
    return false;
  // "127.1", "2130706433" and "0x7f.1" are addresses to many resolvers; no name ends in a number.
  std::string_view last = host.ends_with('.') ? host.substr(0, host.size() - 1) : host;
  last = last.substr(last.rfind('.') + 1);
  if (last.empty() || (last.front() >= '0' && last.front() <= '9')) return false;
  return is_plain_text(host, "-._");
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text.substr(0, 80))
    out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  return out + "\"";
}

struct HostPort {
  std::string_view host, port;  // port: "" without one
};

// The last colon outside brackets; several colons without brackets are an address without a port.
HostPort cut(std::string_view text) {
  if (!text.empty() && text.front() == '[') {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return {text, {}};
    if (end + 1 == text.size()) return {text, {}};
    if (text[end + 1] != ':') return {{}, {}};
    return {text.substr(0, end + 1), text.substr(end + 2)};
  }
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || text.find(':', colon + 1) != std::string_view::npos)
    return {text, {}};
  return {text.substr(0, colon), text.substr(colon + 1)};
}

std::optional<std::uint16_t> port_of(std::string_view text) {
  const auto number = parse_u64(text);
  if (!number || *number < 1 || *number > 65'535) return std::nullopt;
  return static_cast<std::uint16_t>(*number);
}

}  // namespace

Result<NodeAddress> make_public_address(PublicScheme scheme, std::string_view host,
                                        std::uint16_t port) {
  if (const auto literal = Address::parse(host, port))
    return make_node_address(scheme, literal->ip(), port);
  if (!is_name(host))
    return Error::invalid(quoted(host) + " is neither a host name nor an address");
  return make_node_address(scheme, to_lower(host), port);
}

Result<NodeAddress> parse_public_address(PublicScheme scheme, std::string_view text,
                                         std::uint16_t otherwise) {
  const HostPort parts = cut(text);
  std::optional<std::uint16_t> port = otherwise;
  if (parts.host.size() != text.size()) port = port_of(parts.port);
  if (!port || *port == 0) return Error::invalid(quoted(text) + " has no port between 1 and 65535");
  return make_public_address(scheme, parts.host, *port);
}

std::string to_text(const NodeAddress& address) {
  const std::string host =
      address.kind == NodeAddress::Host::kIpv6 ? cat({"[", address.host, "]"}) : address.host;
  return cat({host, ":", address.port});
}

std::string origin_of(const NodeAddress& address) {
  const bool https = address.scheme == PublicScheme::kHttps;
  const bool v6 = address.kind == NodeAddress::Host::kIpv6;
  const std::string_view scheme = https ? "https://" : "http://";
  constexpr std::size_t kMarks = 8;  // "[]:65535"
  std::string out;
  out.reserve(scheme.size() + address.host.size() + kMarks);
  out.append(scheme).append(v6 ? "[" : "").append(address.host).append(v6 ? "]" : "");
  if (address.port == (https ? 443 : 80)) return out;
  append_number(out += ':', address.port);
  return out;
}

std::optional<std::string> origin_of(const ConnectTarget& target, PublicScheme scheme) {
  if (target.port == 0 || target.tls != (scheme == PublicScheme::kHttps)) return std::nullopt;
  const auto address = make_public_address(scheme, target.host, target.port);
  if (!address) return std::nullopt;
  return origin_of(*address);
}

Result<AllowedAddresses> AllowedAddresses::parse(std::string_view text) {
  AllowedAddresses out;
  for (std::string_view word : split(text, ' ')) {
    word = trim(word);
    if (word.empty()) continue;
    const bool below = word.starts_with("*.");
    const std::size_t comma = std::min(word.find(','), word.size());
    auto first = parse_public_address(PublicScheme::kHttp,
                                      word.substr(below ? 2 : 0, comma - (below ? 2 : 0)), 0);
    if (!first) return first.error();
    Entry entry{(below ? "*." : "") + first->host, {first->port}};
    for (const std::string_view more : split(word.substr(comma), ',')) {
      if (more.empty()) continue;
      const auto port = port_of(more);
      if (!port) return Error::invalid(quoted(word) + " has no port between 1 and 65535");
      entry.ports.push_back(*port);
    }
    out.entries_.push_back(std::move(entry));
  }
  return out;
}

bool AllowedAddresses::contains(const NodeAddress& address) const {
  return std::any_of(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    if (std::find(entry.ports.begin(), entry.ports.end(), address.port) == entry.ports.end())
      return false;
    if (!entry.host.starts_with("*.")) return iequals(entry.host, address.host);
    const std::string_view tail = std::string_view(entry.host).substr(1);
    return address.host.size() > tail.size() && to_lower(address.host).ends_with(tail);
  });
}

ClientFamily family_of(const Address& client) noexcept {
  return client.is_v4() ? ClientFamily::kIpv4 : ClientFamily::kIpv6;
}

}  // namespace lb
