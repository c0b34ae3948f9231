// Address: the IP address and port of a peer, 20 bytes, IPv4 kept as ::ffff:a.b.c.d.
// Thread: a plain value.
#pragma once

#include <netinet/in.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/record.h"

struct sockaddr;
struct sockaddr_storage;

namespace lb {

class Address {
 public:
  Address() = default;
  static Address from_sockaddr(const sockaddr& address) noexcept;
  // Fills `out` and returns the length used.  IPv4 becomes a sockaddr_in.
  unsigned to_sockaddr(sockaddr_storage& out) const noexcept;
  Address with_port(std::uint16_t port) const noexcept;
  // A literal IPv4 or IPv6 address; brackets around IPv6 are accepted.  No names.
  static std::optional<Address> parse(std::string_view text, std::uint16_t port);

  std::string ip() const;  // "127.0.0.1", "2001:db8::2"; as Icecast logs it
  std::uint16_t port() const noexcept { return port_; }
  bool is_v4() const noexcept;
  const std::array<std::uint8_t, 16>& bytes() const noexcept { return bytes_; }
  // The bytes of one client's network: an IPv4 address, or the /64 of an IPv6 address.
  std::string network() const;
  bool operator==(const Address&) const = default;

  template <class Io, RecordOf<Address> T>
  friend void record_fields(Io& io, T& address) {
    io(1, address.bytes_, address.port_);
  }

 private:
  std::array<std::uint8_t, 16> bytes_{};
  std::uint16_t port_ = 0;
};

}  // namespace lb
