// Opening: the part before the first request of a new socket: a PROXY header, then a TLS handshake.
// It takes no byte of the request.
//
// Thread: a worker.
// Ownership: its Connection, until it is finished.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "net/address/proxy_protocol.h"
#include "net/socket/transport.h"

namespace lb {

class TlsContext;
class TlsTransport;

enum class TlsUse : std::uint8_t {
  kNever,
  kDetect,  // a first byte of 0x16 begins a handshake, but never a request
  kAlways,  // a plain request is kReady without secure(), and is refused by a page
};

class Opening {
 public:
  enum class Status : std::uint8_t {
    kMore,   // wait for wants()
    kReady,  // the request follows
    kDrop,   // problem() has the reason
  };
  // context: may be null where tls is kNever.
  Opening(bool proxy_header, TlsUse tls, std::shared_ptr<const TlsContext> context);

  // `transport` is replaced by a TLS one when its client begins TLS, and gets the header's client.
  Status go_on(std::unique_ptr<Transport>& transport);
  short wants() const noexcept { return wants_; }
  // The bytes of the PROXY header so far, and those read by another process.
  const std::string& header_so_far() const noexcept { return header_.bytes(); }
  void take_header(std::string_view bytes, Transport& transport);
  bool handshaking() const noexcept { return tls_ != nullptr; }
  // Whether the client speaks TLS, with us or with a proxy.
  bool secure() const noexcept { return secure_; }
  bool lacks_proxy_header() const noexcept {
    return proxy_header_ && header_.status() == ProxyHeader::Status::kBad;
  }
  const std::string& problem() const noexcept { return problem_; }

 private:
  Status read_header(Transport& transport);
  void name_client(Transport& transport);
  Status detect_tls(std::unique_ptr<Transport>& transport);
  Status shake();
  Status drop(std::string problem);

  const bool proxy_header_;
  TlsUse use_;
  std::shared_ptr<const TlsContext> context_;
  ProxyHeader header_;
  TlsTransport* tls_ = nullptr;  // the transport, if it is TLS
  short wants_;
  bool secure_ = false;
  std::string problem_;
};

}  // namespace lb
