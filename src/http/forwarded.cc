#include "http/forwarded.h"

#include <string_view>
#include <vector>

#include "base/strings.h"

namespace lb {
namespace {

// "192.0.2.7", "192.0.2.7:4711", "2001:db8::2", "[2001:db8::2]:4711"; some proxies add the port.
std::optional<Address> parse_hop(std::string_view text) {
  text = trim(text);
  if (text.size() > 1 && text.front() == '"' && text.back() == '"')
    text = text.substr(1, text.size() - 2);
  const std::size_t colon = text.rfind(':');
  const bool bracketed = !text.empty() && text.front() == '[';
  if (colon != std::string_view::npos &&
      (bracketed ? text[colon - 1] == ']' : text.find(':') == colon)) {
    const auto port = parse_u64(text.substr(colon + 1));
    if (!port || *port > 65535) return std::nullopt;
    return Address::parse(text.substr(0, colon), static_cast<std::uint16_t>(*port));
  }
  return Address::parse(text, 0);
}

// The values of all lines of a header, as one list.
std::vector<std::string_view> values_of(const Headers& headers, std::string_view name) {
  std::vector<std::string_view> values;
  for (const auto& [key, line] : headers.all()) {
    if (key != name) continue;
    for (const std::string_view value : split(line, ',')) values.push_back(trim(value));
  }
  return values;
}

}  // namespace

bool was_passed_on(const Headers& headers) noexcept {
  for (const std::string_view name : {"x-forwarded-for", "forwarded", "via", "x-real-ip"})
    if (headers.find(name) != nullptr) return true;
  return false;
}

Forwarded read_forwarded(const AddressList& trusted, const Address& peer, const Headers& headers) {
  Forwarded out{peer, std::nullopt};
  if (trusted.empty() || !trusted.contains(peer)) return out;
  const auto hops = values_of(headers, "x-forwarded-for");
  for (auto hop = hops.rbegin(); hop != hops.rend(); ++hop) {
    const auto address = parse_hop(*hop);
    if (!address) break;  // "unknown", or an invalid address: the last known proxy stays
    out.client = *address;
    if (!trusted.contains(*address)) break;
  }
  // With several values the first is that of the client.
  if (const auto schemes = values_of(headers, "x-forwarded-proto"); !schemes.empty()) {
    if (iequals(schemes.front(), "https")) out.secure = true;
    if (iequals(schemes.front(), "http")) out.secure = false;
  }
  return out;
}

}  // namespace lb
