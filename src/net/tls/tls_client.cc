#include "net/tls/tls_client.h"

#include <openssl/x509v3.h>

#include <utility>

#include "base/cat.h"
#include "base/file.h"

namespace lb {

Result<std::shared_ptr<const TlsClientContext>> TlsClientContext::load(const std::string& ca_file) {
  SslContextPtr context(SSL_CTX_new(TLS_client_method()));
  if (!context) return Error::io(cat({"TLS: no memory for a client (", take_ssl_error(), ")"}));
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                         SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                      SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  // OpenSSL would block on a FIFO, which read_file() refuses.
  if (auto file = ca_file.empty() ? Result<FileText>(FileText()) : read_file(ca_file); !file)
    return Error::io(cat({"ssl-cafile ", file.error().what}));
  ERR_clear_error();
  const int trusted = ca_file.empty() ? SSL_CTX_set_default_verify_paths(context.get())
                                      : SSL_CTX_load_verify_file(context.get(), ca_file.c_str());
  if (trusted != 1)
    return Error::io(
        cat({ca_file.empty() ? std::string("the system's certificates") : "ssl-cafile " + ca_file,
             ": cannot be used (", take_ssl_error(), ")"}));
  ERR_clear_error();
  return std::shared_ptr<const TlsClientContext>(new TlsClientContext(std::move(context)));
}

std::unique_ptr<TlsTransport> TlsClientContext::connect(std::unique_ptr<Transport> below,
                                                        const std::string& host,
                                                        bool only_13) const {
  SslPtr ssl(SSL_new(context_.get()));
  if (!ssl) return nullptr;
  if (only_13) SSL_set_min_proto_version(ssl.get(), TLS1_3_VERSION);
  // A literal address is no server name for SNI (RFC 6066, 3).
  if (const auto address = Address::parse(host, 0)) {
    if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl.get()), address->ip().c_str()) != 1)
      return nullptr;
  } else {
    SSL_set_hostflags(ssl.get(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (SSL_set1_host(ssl.get(), host.c_str()) != 1) return nullptr;
    if (SSL_set_tlsext_host_name(ssl.get(), host.c_str()) != 1) return nullptr;
  }
  SSL_set_connect_state(ssl.get());
  return TlsTransport::over(std::move(below), std::move(ssl), nullptr);
}

}  // namespace lb
