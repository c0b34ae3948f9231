#include "net/tls/tls_psk.h"

#include <algorithm>
#include <utility>

#include "base/cat.h"
#include "net/crypto/digest.h"
#include "net/tls/tls_connect.h"

namespace lb {
namespace {

// An external key is bound to SHA-256, the hash of both suites (RFC 8446, 4.2.11).
constexpr char kSuites[] = "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256";
constexpr unsigned char kSuiteOfKey[] = {0x13, 0x01};
constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kLongestIdentity = 128;

struct ClientKey {
  std::string identity, key;
};

void set_up(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
  SSL_CTX_set_ciphersuites(context, kSuites);
  SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                   SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_num_tickets(context, 0);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
}

// Null: no memory.
SSL_SESSION* session_of(SSL* ssl, std::string_view key) {
  SSL_SESSION* session = SSL_SESSION_new();
  if (session == nullptr) return nullptr;
  const SSL_CIPHER* cipher = SSL_CIPHER_find(ssl, kSuiteOfKey);
  if (cipher != nullptr && SSL_SESSION_set_cipher(session, cipher) == 1 &&
      SSL_SESSION_set_protocol_version(session, TLS1_3_VERSION) == 1 &&
      SSL_SESSION_set1_master_key(session, reinterpret_cast<const unsigned char*>(key.data()),
                                  key.size()) == 1)
    return session;
  SSL_SESSION_free(session);
  return nullptr;
}

int use_session(SSL* ssl, const EVP_MD*, const unsigned char** identity, std::size_t* size,
                SSL_SESSION** session) {
  const auto* mine = static_cast<const ClientKey*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  *session = session_of(ssl, mine->key);
  if (*session == nullptr) return 0;
  *identity = reinterpret_cast<const unsigned char*>(mine->identity.data());
  *size = mine->identity.size();
  return 1;
}

struct ClientSide {
  ClientKey mine;
  SslContextPtr context;
};

}  // namespace

std::string psk_from_secret(std::string_view identity, std::string_view secret) {
  return hmac_sha256(secret, cat({"lbedge-cluster/1 psk ", identity}));
}

struct TlsPskServer::Handshake {
  std::shared_ptr<const TlsPskServer> server;
  std::string identity;
  FindKey find_key;
};

Result<std::shared_ptr<const TlsPskServer>> TlsPskServer::make(FindKey find_key) {
  SslContextPtr context(SSL_CTX_new(TLS_server_method()));
  if (!context)
    return Error::io(cat({"TLS: no memory for the cluster link (", take_ssl_error(), ")"}));
  set_up(context.get());
  SSL_CTX_set_psk_find_session_callback(context.get(), &TlsPskServer::find_session);
  return std::make_shared<const TlsPskServer>(std::move(find_key), std::move(context));
}

int TlsPskServer::find_session(SSL* ssl, const unsigned char* identity, std::size_t size,
                               SSL_SESSION** session) {
  auto* handshake = static_cast<Handshake*>(SSL_get_app_data(ssl));
  handshake->identity.assign(reinterpret_cast<const char*>(identity),
                             std::min(size, kLongestIdentity));
  const FindKey& find = handshake->find_key ? handshake->find_key : handshake->server->find_key_;
  auto key = size <= kLongestIdentity ? find(handshake->identity) : std::nullopt;
  // An unknown identity fails as a wrong key does, so that names cannot be probed.
  if (!key) key = random_bytes(kKeyBytes);
  *session = session_of(ssl, *key);
  return *session != nullptr ? 1 : 0;
}

TlsPskServer::Accepted TlsPskServer::accept(std::shared_ptr<const TlsPskServer> server,
                                            std::unique_ptr<Transport> below, FindKey find_key) {
  SslPtr ssl(SSL_new(server->context_.get()));
  if (!ssl) return {};
  auto handshake =
      std::make_shared<Handshake>(Handshake{std::move(server), {}, std::move(find_key)});
  SSL_set_app_data(ssl.get(), handshake.get());
  SSL_set_accept_state(ssl.get());
  std::shared_ptr<const std::string> identity(handshake, &handshake->identity);
  return {TlsTransport::over(std::move(below), std::move(ssl), std::move(handshake)),
          std::move(identity)};
}

Connector::MakeTls make_tls_with_psk(std::string identity, std::string key) {
  auto side = std::make_shared<ClientSide>();
  side->mine = {std::move(identity), std::move(key)};
  side->context.reset(SSL_CTX_new(TLS_client_method()));
  if (side->context) {
    set_up(side->context.get());
    // A server that shows a certificate instead of the key is rejected.
    SSL_CTX_set_verify(side->context.get(), SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_app_data(side->context.get(), &side->mine);
    SSL_CTX_set_psk_use_session_callback(side->context.get(), &use_session);
  }
  return [side = std::move(side)](Loop& loop, std::unique_ptr<Transport> plain, const std::string&,
                                  Connector::Then then) -> std::unique_ptr<Underway> {
    SslPtr ssl(side->context ? SSL_new(side->context.get()) : nullptr);
    std::unique_ptr<TlsTransport> transport;
    if (ssl) {
      SSL_set_connect_state(ssl.get());
      transport = TlsTransport::over(std::move(plain), std::move(ssl), side);
    }
    return shake_hands(loop, std::move(transport), std::move(then));
  };
}

}  // namespace lb
