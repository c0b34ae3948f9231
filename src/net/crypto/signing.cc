#include "net/crypto/signing.h"

#include <openssl/evp.h>

#include <cstdlib>
#include <utility>

#include "base/cat.h"
#include "net/crypto/digest.h"

namespace lb {
namespace {

const unsigned char* octets(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

struct FreeKey {
  void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
};
struct FreeContext {
  void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_MD_CTX, FreeContext>;

}  // namespace

SigningKey::SigningKey(std::string seed, std::shared_ptr<const void> key, std::string public_key)
    : seed_(std::move(seed)), public_(std::move(public_key)), key_(std::move(key)) {}

SigningKey SigningKey::generate() {
  auto made = from_seed(random_bytes(kSeedBytes));
  // Fails only without memory.
  if (!made) std::abort();
  return std::move(*made);
}

Result<SigningKey> SigningKey::from_seed(std::string_view seed) {
  if (seed.size() != kSeedBytes)
    return Error::invalid(cat({"an Ed25519 key has 32 bytes, not ", seed.size()}));
  EVP_PKEY* raw =
      EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, octets(seed), seed.size());
  if (raw == nullptr) return Error::unsupported("OpenSSL makes no Ed25519 key");
  std::shared_ptr<const void> key(raw, FreeKey{});
  std::string known(kPublicBytes, '\0');
  std::size_t size = known.size();
  if (EVP_PKEY_get_raw_public_key(raw, reinterpret_cast<unsigned char*>(known.data()), &size) != 1)
    return Error::unsupported("OpenSSL does not show the public half of an Ed25519 key");
  return SigningKey(std::string(seed), std::move(key), std::move(known));
}

std::string SigningKey::sign(std::string_view text) const {
  std::string signature(kSignatureBytes, '\0');
  std::size_t size = signature.size();
  const Context context(EVP_MD_CTX_new());
  // OpenSSL's parameter is not const, but the call only counts the key's owners.
  auto* key = static_cast<EVP_PKEY*>(const_cast<void*>(key_.get()));
  if (!context || EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key) != 1 ||
      EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                     octets(text), text.size()) != 1)
    return {};
  return signature;
}

bool signature_holds(std::string_view public_key, std::string_view text,
                     std::string_view signature) noexcept {
  if (public_key.size() != SigningKey::kPublicBytes ||
      signature.size() != SigningKey::kSignatureBytes)
    return false;
  const std::unique_ptr<EVP_PKEY, FreeKey> key(EVP_PKEY_new_raw_public_key(
      EVP_PKEY_ED25519, nullptr, octets(public_key), public_key.size()));
  const Context context(EVP_MD_CTX_new());
  return key && context &&
         EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
         EVP_DigestVerify(context.get(), octets(signature), signature.size(), octets(text),
                          text.size()) == 1;
}

}  // namespace lb
