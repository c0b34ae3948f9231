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
  std::string_view nonce;    // "": none, as within another body
  std::string_view account;  // its URL ("kid"); "": the key itself, as for a new account
};

// payload: JSON, or "" to read (POST-as-GET).
std::string jws_body(const AcmeKey& key, const JwsHead& head, std::string_view payload);

// What binds a new account to one that the operator has with the authority.
// secret: the bytes that the authority gave, HS256.
std::string jws_binding(std::string_view id, std::string_view secret, std::string_view url,
                        const AcmeKey& key);

}  // namespace lb
