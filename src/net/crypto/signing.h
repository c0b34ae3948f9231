// Ed25519 signatures: every server that knows a public key can verify them, and none of them can
// make one.
// Thread: pure functions; a SigningKey is immutable.
// Source: RFC 8032.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace lb {

class SigningKey {
 public:
  static constexpr std::size_t kSeedBytes = 32, kPublicBytes = 32, kSignatureBytes = 64;

  static SigningKey generate();
  // Error: not 32 bytes.
  static Result<SigningKey> from_seed(std::string_view seed);

  const std::string& seed() const noexcept { return seed_; }  // the secret
  const std::string& public_key() const noexcept { return public_; }
  std::string sign(std::string_view text) const;  // 64 bytes

 private:
  SigningKey(std::string seed, std::shared_ptr<const void> key, std::string public_key);

  std::string seed_, public_;
  std::shared_ptr<const void> key_;
};

// Also false for a key or a signature of another size.
bool signature_holds(std::string_view public_key, std::string_view text,
                     std::string_view signature) noexcept;

}  // namespace lb
