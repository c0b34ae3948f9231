// TLS for the Connector: does the handshake as a client, and returns the transport if the
// certificate is valid for the requested host.
//
// Thread: the Connector's.
#pragma once

#include <memory>

#include "net/socket/connector.h"
#include "net/tls/tls_client.h"

namespace lb {

// transport: null without TLS; `then`: see Connector::MakeTls.
std::unique_ptr<Underway> shake_hands(Loop& loop, std::unique_ptr<TlsTransport> transport,
                                      Connector::Then then);

// only_13: no TLS older than 1.3. context: null if the trusted certificates cannot be used; then
// every handshake fails.
Connector::MakeTls make_tls_with(std::shared_ptr<const TlsClientContext> context,
                                 bool only_13 = false);

}  // namespace lb
