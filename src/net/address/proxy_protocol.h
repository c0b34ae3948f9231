// ProxyHeader: the header that a load balancer sends before a connection's first byte to name the
// client (the PROXY protocol, versions 1 and 2).
// Source: "The PROXY protocol", HAProxy,
// https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt
// Thread: a plain value; never takes a byte after the header.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "net/address/address.h"

namespace lb {

class ProxyHeader {
 public:
  enum class Status : std::uint8_t {
    kMore,  // the header is not complete
    kDone,
    kBad,  // no such header, or a broken one
  };
  // Returns the number of bytes that belong to the header.
  std::size_t feed(std::string_view bytes);
  Status status() const noexcept { return status_; }
  // The header's bytes so far.
  const std::string& bytes() const noexcept { return bytes_; }

  // The client behind the balancer; nullopt: the balancer itself (its health check), or a client
  // without an IP address.
  const std::optional<Address>& client() const noexcept { return client_; }
  // Whether the client uses TLS to the balancer (version 2 only).
  bool secure() const noexcept { return secure_; }

 private:
  void read_line();
  void read_block();
  void read_additions(std::string_view rest);

  std::string bytes_;
  Status status_ = Status::kMore;
  std::optional<Address> client_;
  bool secure_ = false;
};

}  // namespace lb
