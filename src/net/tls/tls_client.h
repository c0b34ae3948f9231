// TlsClientContext: the client's side of TLS, for relays and requests to nodes.  The certificate
// must be valid, lead to a trusted root and name the requested host.
//
// Thread: immutable; used by all loops.
// Ownership: shared.
// Source: RFC 6125 by way of OpenSSL's host check.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "net/tls/tls_transport.h"

namespace lb {

class TlsClientContext {
 public:
  // ca_file: PEM file of the roots to trust, "": the system's store.  Error: it cannot be used.
  static Result<std::shared_ptr<const TlsClientContext>> load(const std::string& ca_file);

  // TLS over a connected transport; handshake() must follow. host: the name or literal address of
  // the certificate. only_13: no TLS older than 1.3.  Null: no memory.
  std::unique_ptr<TlsTransport> connect(std::unique_ptr<Transport> below, const std::string& host,
                                        bool only_13 = false) const;

 private:
  explicit TlsClientContext(SslContextPtr context) : context_(std::move(context)) {}
  SslContextPtr context_;
};

}  // namespace lb
