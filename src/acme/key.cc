#include "acme/key.h"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <array>
#include <utility>

#include "base/cat.h"
#include "base/encoding.h"
#include "net/crypto/digest.h"

namespace lb {
namespace {

constexpr int kCoordinateBytes = 32;
constexpr unsigned kRsaBits = 2048;

std::string coordinate(EVP_PKEY* key, const char* name) {
  BIGNUM* number = nullptr;
  if (EVP_PKEY_is_a(key, "EC") != 1 || EVP_PKEY_get_bn_param(key, name, &number) != 1) return {};
  std::string bytes(kCoordinateBytes, '\0');
  const int length =
      BN_bn2binpad(number, reinterpret_cast<unsigned char*>(bytes.data()), kCoordinateBytes);
  BN_free(number);
  return length == kCoordinateBytes ? bytes : std::string();
}

bool is_p256(EVP_PKEY* key) {
  std::array<char, 64> group{};
  std::size_t length = 0;
  return EVP_PKEY_is_a(key, "EC") == 1 &&
         EVP_PKEY_get_group_name(key, group.data(), group.size(), &length) == 1 &&
         std::string_view(group.data(), length) == "prime256v1";
}

}  // namespace

AcmeKey::AcmeKey(KeyPtr key)
    : key_(key.release(), SslFree()),
      x_(coordinate(key_.get(), OSSL_PKEY_PARAM_EC_PUB_X)),
      y_(coordinate(key_.get(), OSSL_PKEY_PARAM_EC_PUB_Y)) {}

Result<AcmeKey> AcmeKey::generate(AcmeKeyKind kind) {
  KeyPtr key(kind == AcmeKeyKind::kRsa ? EVP_RSA_gen(kRsaBits) : EVP_EC_gen("P-256"));
  if (key == nullptr)
    return Error::io(cat({"a new key for a certificate was not made: ", take_ssl_error()}));
  return AcmeKey(std::move(key));
}

Result<AcmeKey> AcmeKey::from_pem(std::string_view pem) {
  const BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  KeyPtr key(bio == nullptr ? nullptr
                            : PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
  if (key == nullptr) return Error::invalid(cat({"no private key: ", take_ssl_error()}));
  if (!is_p256(key.get())) return Error::invalid("the private key is not one of the curve P-256");
  return AcmeKey(std::move(key));
}

std::string AcmeKey::pem() const {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  if (bio == nullptr || PEM_write_bio_PKCS8PrivateKey(bio.get(), key_.get(), nullptr, nullptr, 0,
                                                      nullptr, nullptr) != 1)
    return {};
  char* data = nullptr;
  const long length = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<std::size_t>(length));
}

std::string AcmeKey::jwk() const {
  // RFC 7638 requires this order and no white space, because the thumbprint is a hash of the text.
  return cat({R"({"crv":"P-256","kty":"EC","x":")", base64url_encode(x_), R"(","y":")",
              base64url_encode(y_), R"("})"});
}

std::string AcmeKey::thumbprint() const { return base64url_encode(sha256(jwk())); }

std::string AcmeKey::sign(std::string_view text) const {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        &EVP_MD_CTX_free);
  std::array<unsigned char, 128> der{};
  std::size_t length = der.size();
  if (context == nullptr ||
      EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) != 1 ||
      EVP_DigestSign(context.get(), der.data(), &length,
                     reinterpret_cast<const unsigned char*>(text.data()), text.size()) != 1)
    return {};
  const unsigned char* at = der.data();
  const std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> pair(
      d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(length)), &ECDSA_SIG_free);
  std::string raw(2 * kCoordinateBytes, '\0');
  auto* out = reinterpret_cast<unsigned char*>(raw.data());
  if (pair == nullptr ||
      BN_bn2binpad(ECDSA_SIG_get0_r(pair.get()), out, kCoordinateBytes) != kCoordinateBytes ||
      BN_bn2binpad(ECDSA_SIG_get0_s(pair.get()), out + kCoordinateBytes, kCoordinateBytes) !=
          kCoordinateBytes)
    return {};
  return raw;
}

}  // namespace lb
