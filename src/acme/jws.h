// The signed body of a request to a certificate authority: JWS, flattened JSON, ES256.
// Thread: pure functions.
// Source: RFC 8555 6.2 to 6.4; for external accounts 7.3.4 (HS256).
#pragma once

#include <string>
#include <string_view>

#include "acme/key.h"

namespace lb {

struct JwsHead {
  std::string_view url;
  std::string_view nonce;    // "": none, as for an inner JWS
  std::string_view account;  // its URL ("kid"); "": the key itself, for a new account
};

// payload: JSON, or "" for a read (POST-as-GET).
std::string jws_body(const AcmeKey& key, const JwsHead& head, std::string_view payload);

// The binding of a new account to the operator's existing account at the authority.  secret: the
// HMAC key from the authority.
std::string jws_binding(std::string_view id, std::string_view secret, std::string_view url,
                        const AcmeKey& key);

}  // namespace lb
