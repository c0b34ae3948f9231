// AcmeKey: the key of an account at a certificate authority, on the curve P-256, which signs
// requests (ES256); or the key of a certificate, which may be RSA too.
//
// Thread: immutable; any.
// Ownership: a value; copies share the key.
// Source: RFC 7515 (JWS), RFC 7517 and 7638 (JWK and its thumbprint), RFC 7518 3.4 (ES256).
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "acme/settings.h"
#include "base/result.h"
#include "net/tls/tls_handles.h"

namespace lb {

class AcmeKey {
 public:
  // Error: kIo if OpenSSL has no randomness or no memory.
  static Result<AcmeKey> generate(AcmeKeyKind kind = AcmeKeyKind::kEcdsa);
  // PKCS 8 in PEM, from pem().  Error: kInvalid for other kinds of keys.
  static Result<AcmeKey> from_pem(std::string_view pem);

  std::string pem() const;  // PKCS 8; the secret
  // REQUIRES for these three: not an RSA key
  std::string jwk() const;                        // its public half as JSON, members in order
  std::string thumbprint() const;                 // base64url of SHA-256 of jwk()
  std::string sign(std::string_view text) const;  // 64 bytes: r and s
  EVP_PKEY* handle() const noexcept { return key_.get(); }

 private:
  explicit AcmeKey(KeyPtr key);

  std::shared_ptr<EVP_PKEY> key_;
  std::string x_, y_;  // of the public point, 32 bytes each
};

}  // namespace lb
