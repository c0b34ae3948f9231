#include "net/crypto/seal.h"

#include <openssl/evp.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "base/cat.h"
#include "net/crypto/digest.h"

namespace lb {
namespace {

constexpr std::size_t kNonceBytes = 12, kTagBytes = 16, kHashBytes = 32;

const unsigned char* plain_octets(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* plain_octets(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

struct FreeCipher {
  void operator()(EVP_CIPHER_CTX* context) const noexcept { EVP_CIPHER_CTX_free(context); }
};
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, FreeCipher>;

// The context after taking in the key, the nonce and `about`.
CipherContext begin_gcm(std::string_view key, std::string_view nonce, std::string_view about,
                        bool encrypts) {
  if (key.size() != kSealKeyBytes || nonce.size() != kNonceBytes) return nullptr;
  CipherContext context(EVP_CIPHER_CTX_new());
  int length = 0;
  if (!context ||
      EVP_CipherInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, plain_octets(key),
                        plain_octets(nonce), encrypts ? 1 : 0) != 1 ||
      (!about.empty() && EVP_CipherUpdate(context.get(), nullptr, &length, plain_octets(about),
                                          static_cast<int>(about.size())) != 1))
    return nullptr;
  return context;
}

}  // namespace

std::string hkdf_sha256(std::string_view secret, std::string_view salt, std::string_view info,
                        std::size_t bytes) {
  const std::string key =
      hmac_sha256(salt.empty() ? std::string(kHashBytes, '\0') : std::string(salt), secret);
  std::string out, block;
  for (unsigned char number = 1; out.size() < bytes && number != 0; ++number) {
    block = hmac_sha256(key, cat({block, info, static_cast<char>(number)}));
    out += block;
  }
  out.resize(std::min(out.size(), bytes));
  return out;
}

std::string seal_with(std::string_view key, std::string_view nonce, std::string_view text,
                      std::string_view about) {
  const CipherContext context = begin_gcm(key, nonce, about, true);
  std::string body(text.size(), '\0'), tag(kTagBytes, '\0');
  int length = 0;
  // A text that could not be encrypted must not be written as if it were sealed.
  if (!context ||
      EVP_CipherUpdate(context.get(), plain_octets(body), &length, plain_octets(text),
                       static_cast<int>(text.size())) != 1 ||
      EVP_CipherFinal_ex(context.get(), plain_octets(tag), &length) != 1 ||
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, static_cast<int>(kTagBytes),
                          tag.data()) != 1)
    std::abort();
  return cat({nonce, body, tag});
}

std::string seal(std::string_view key, std::string_view text, std::string_view about) {
  return seal_with(key, random_bytes(kNonceBytes), text, about);
}

std::optional<std::string> open_seal(std::string_view key, std::string_view sealed,
                                     std::string_view about) {
  if (sealed.size() < kNonceBytes + kTagBytes) return std::nullopt;
  const CipherContext context = begin_gcm(key, sealed.substr(0, kNonceBytes), about, false);
  if (!context) return std::nullopt;
  const std::string_view body = sealed.substr(kNonceBytes, sealed.size() - kNonceBytes - kTagBytes);
  std::string tag(sealed.substr(sealed.size() - kTagBytes));
  std::string text(body.size(), '\0'), rest(kTagBytes, '\0');
  int length = 0;
  if (EVP_CipherUpdate(context.get(), plain_octets(text), &length, plain_octets(body),
                       static_cast<int>(body.size())) != 1 ||
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, static_cast<int>(kTagBytes),
                          tag.data()) != 1 ||
      EVP_CipherFinal_ex(context.get(), plain_octets(rest), &length) != 1)
    return std::nullopt;
  return text;
}

}  // namespace lb
