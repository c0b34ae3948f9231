// The Connector's way to TLS: shakes hands as a client and hands the transport over when the other
// side's certificate has proved good for the host that was asked for.
//
// Thread: as the Connector's.
#pragma once

#include <memory>

#include "net/socket/connector.h"
#include "net/tls/tls_client.h"

namespace lb {

// transport: null where there is no TLS; `then` is as Connector::MakeTls has it.
std::unique_ptr<Underway> shake_hands(Loop& loop, std::unique_ptr<TlsTransport> transport,
                                      Connector::Then then);

// only_13: no TLS older than 1.3.  context: null where the trusted certificates cannot be used;
// then every handshake fails.
Connector::MakeTls make_tls_with(std::shared_ptr<const TlsClientContext> context,
                                 bool only_13 = false);

}  // namespace lb
