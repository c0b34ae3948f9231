#include "net/address/address.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace lb {
namespace {
constexpr std::array<std::uint8_t, 12> kV4Prefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
}

Address Address::from_sockaddr(const sockaddr& address) noexcept {
  Address out;
  if (address.sa_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &address, sizeof in);
    std::copy(kV4Prefix.begin(), kV4Prefix.end(), out.bytes_.begin());
    std::memcpy(out.bytes_.data() + 12, &in.sin_addr, 4);
    out.port_ = ntohs(in.sin_port);
  } else if (address.sa_family == AF_INET6) {
    sockaddr_in6 in{};
    std::memcpy(&in, &address, sizeof in);
    std::memcpy(out.bytes_.data(), &in.sin6_addr, 16);
    out.port_ = ntohs(in.sin6_port);
  }
  return out;
}

unsigned Address::to_sockaddr(sockaddr_storage& out) const noexcept {
  out = {};
  if (is_v4()) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(port_);
    std::memcpy(&in.sin_addr, bytes_.data() + 12, 4);
    std::memcpy(&out, &in, sizeof in);
    return sizeof in;
  }
  sockaddr_in6 in{};
  in.sin6_family = AF_INET6;
  in.sin6_port = htons(port_);
  std::memcpy(&in.sin6_addr, bytes_.data(), 16);
  std::memcpy(&out, &in, sizeof in);
  return sizeof in;
}

Address Address::with_port(std::uint16_t port) const noexcept {
  Address out = *this;
  out.port_ = port;
  return out;
}

std::optional<Address> Address::parse(std::string_view text, std::uint16_t port) {
  if (text.size() > 1 && text.front() == '[' && text.back() == ']')
    text = text.substr(1, text.size() - 2);
  const std::string literal(text);
  Address out;
  out.port_ = port;
  if (::inet_pton(AF_INET, literal.c_str(), out.bytes_.data() + 12) == 1) {
    std::copy(kV4Prefix.begin(), kV4Prefix.end(), out.bytes_.begin());
    return out;
  }
  if (::inet_pton(AF_INET6, literal.c_str(), out.bytes_.data()) == 1) return out;
  return std::nullopt;
}

bool Address::is_v4() const noexcept {
  return std::equal(kV4Prefix.begin(), kV4Prefix.end(), bytes_.begin());
}

std::string Address::network() const {
  constexpr std::size_t kV6NetworkBytes = 8;
  return {reinterpret_cast<const char*>(bytes_.data()), is_v4() ? bytes_.size() : kV6NetworkBytes};
}

std::string Address::ip() const {
  char text[INET6_ADDRSTRLEN] = "";
  if (!is_v4()) {
    ::inet_ntop(AF_INET6, bytes_.data(), text, sizeof text);
    return text;
  }
  // Runs for every connection, and inet_ntop() prints by sprintf(), which is slow.
  char* end = text;
  for (std::size_t i = kV4Prefix.size(); i < bytes_.size(); ++i) {
    if (i > kV4Prefix.size()) *end++ = '.';
    end = std::to_chars(end, text + sizeof text, static_cast<unsigned>(bytes_[i])).ptr;
  }
  return {text, end};
}

}  // namespace lb
