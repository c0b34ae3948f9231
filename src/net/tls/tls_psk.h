// TLS 1.3 with a key that both sides know (an external PSK) in place of certificates.  The key
// exchange is still ephemeral (ECDHE): a key that leaks later decrypts no earlier recording.
//
// Each side proves its key in its first bytes; a client without the key ends in the handshake,
// which does not reveal whether a name exists.  No tickets, no early data, no resumption: a
// withdrawn key is useless at once.
//
// Thread: a server and the contexts of make_tls_with_psk() belong to one loop (control).
// Ownership: as TlsContext: a handshake keeps its data.
// Source: RFC 8446 section 4.2.11, RFC 9257 (an identity names one client, a key serves one pair).
// Bounds: keys must not be guessable: a client that connects to an impostor allows it one offline
// attack.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "net/socket/connector.h"
#include "net/tls/tls_handles.h"
#include "net/tls/tls_transport.h"

namespace lb {

// The key of a handshake from a configured secret: 32 bytes.
std::string psk_from_secret(std::string_view identity, std::string_view secret);

class TlsPskServer {
 public:
  // The key of a client; nullopt: unknown client.
  using FindKey = std::function<std::optional<std::string>(std::string_view identity)>;

  // Error: the library refuses.
  static Result<std::shared_ptr<const TlsPskServer>> make(FindKey find_key);

  // One handshake under way.
  struct Accepted {
    std::unique_ptr<TlsTransport> transport;      // null: no memory
    std::shared_ptr<const std::string> identity;  // of the client, once the handshake is over
  };
  // find_key: for this handshake, if the key depends on the client.
  static Accepted accept(std::shared_ptr<const TlsPskServer> server,
                         std::unique_ptr<Transport> below, FindKey find_key = {});

  // Not for callers: see make().
  TlsPskServer(FindKey find_key, SslContextPtr context)
      : find_key_(std::move(find_key)), context_(std::move(context)) {}

 private:
  struct Handshake;
  static int find_session(SSL* ssl, const unsigned char* identity, std::size_t size,
                          SSL_SESSION** session);

  FindKey find_key_;
  SslContextPtr context_;
};

// The client's side, for a Connector.  A server that does not know the key is an error.
Connector::MakeTls make_tls_with_psk(std::string identity, std::string key);

}  // namespace lb
