// The certificate for an authority that checks by TLS whether a name is this server's
// (tls-alpn-01): self-signed, for one name, with the digest of the answer.
// Thread: pure functions; the context may be used by many.
// Source: RFC 8737 3; RFC 8738 6 (an address is asked for by its reverse name).
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/tls/tls_handles.h"

namespace lb {

constexpr std::string_view kChallengeProtocol = "acme-tls/1";

// Error: kInvalid: neither a host name nor an address; kIo: from OpenSSL.
Result<std::shared_ptr<SSL_CTX>> challenge_context(std::string_view name,
                                                   std::string_view authorization);
// Whether a context was made by challenge_context().
bool is_challenge_context(const SSL_CTX* context) noexcept;
// The server name in the authority's hello: of an address "1.0.0.127.in-addr.arpa".
std::string challenge_server_name(std::string_view name);

}  // namespace lb
