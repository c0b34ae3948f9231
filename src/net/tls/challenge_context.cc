#include "net/tls/challenge_context.h"

#include <openssl/x509v3.h>

#include <algorithm>

#include "base/cat.h"
#include "base/strings.h"
#include "net/address/address.h"
#include "net/crypto/digest.h"

namespace lb {
namespace {

constexpr long kBefore = -3600, kLife = 7 * 86400;
// Its address marks the contexts of challenges.
constexpr char kMark = 0;

struct FreeX509 {
  void operator()(X509* x) const noexcept { X509_free(x); }
  void operator()(X509_EXTENSION* x) const noexcept { X509_EXTENSION_free(x); }
  void operator()(ASN1_OBJECT* x) const noexcept { ASN1_OBJECT_free(x); }
  void operator()(ASN1_OCTET_STRING* x) const noexcept { ASN1_OCTET_STRING_free(x); }
};
template <class T>
using Held = std::unique_ptr<T, FreeX509>;

// OpenSSL parses the names of an extension from a text, so a name must not hold a separator.
bool is_plain_name(std::string_view name) {
  return !name.empty() && name.size() <= 253 && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
           c == ':';
  });
}

Held<X509_EXTENSION> identifier_extension(std::string_view authorization) {
  const Held<ASN1_OBJECT> kind(OBJ_txt2obj("1.3.6.1.5.5.7.1.31", 1));
  const Held<ASN1_OCTET_STRING> value(ASN1_OCTET_STRING_new());
  const std::string der = cat({"\x04\x20", sha256(authorization)});
  if (!kind || !value ||
      ASN1_OCTET_STRING_set(value.get(), reinterpret_cast<const unsigned char*>(der.data()),
                            static_cast<int>(der.size())) != 1)
    return nullptr;
  return Held<X509_EXTENSION>(
      X509_EXTENSION_create_by_OBJ(nullptr, kind.get(), /*crit=*/1, value.get()));
}

Held<X509> challenge_certificate(EVP_PKEY* key, std::string_view name,
                                 std::string_view authorization) {
  Held<X509> made(X509_new());
  const std::string names = cat({Address::parse(name, 0) ? "IP:" : "DNS:", name});
  const Held<X509_EXTENSION> whose(
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names.c_str()));
  const auto identifier = identifier_extension(authorization);
  const bool ok =
      made && whose && identifier && X509_set_version(made.get(), X509_VERSION_3) &&
      ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 1) &&
      X509_gmtime_adj(X509_getm_notBefore(made.get()), kBefore) != nullptr &&
      X509_gmtime_adj(X509_getm_notAfter(made.get()), kLife) != nullptr &&
      X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_ASC,
                                 reinterpret_cast<const unsigned char*>("acme"), -1, -1, 0) &&
      X509_set_issuer_name(made.get(), X509_get_subject_name(made.get())) &&
      X509_set_pubkey(made.get(), key) && X509_add_ext(made.get(), whose.get(), -1) &&
      X509_add_ext(made.get(), identifier.get(), -1) &&
      X509_sign(made.get(), key, EVP_sha256()) > 0;
  return ok ? std::move(made) : nullptr;
}

int choose_challenge_protocol(SSL*, const unsigned char** chosen, unsigned char* size,
                              const unsigned char* offered, unsigned int offered_size, void*) {
  if (offered_size != kChallengeProtocol.size() + 1) return SSL_TLSEXT_ERR_ALERT_FATAL;
  *chosen = offered + 1;
  *size = static_cast<unsigned char>(kChallengeProtocol.size());
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace

Result<std::shared_ptr<SSL_CTX>> challenge_context(std::string_view name,
                                                   std::string_view authorization) {
  if (!is_plain_name(name))
    return Error::invalid(
        cat({"a certificate of a challenge cannot have the name \"", name, "\""}));
  const KeyPtr key(EVP_EC_gen("P-256"));
  const auto certificate =
      key == nullptr ? nullptr : challenge_certificate(key.get(), name, authorization);
  std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), SslFree());
  if (!certificate || !context || SSL_CTX_use_certificate(context.get(), certificate.get()) != 1 ||
      SSL_CTX_use_PrivateKey(context.get(), key.get()) != 1)
    return Error::io(cat({"the certificate of a challenge was not made: ", take_ssl_error()}));
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  set_server_groups(context.get());
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context.get(), 0);  // the authority closes at once
  SSL_CTX_set_alpn_select_cb(context.get(), &choose_challenge_protocol, nullptr);
  SSL_CTX_set_app_data(context.get(), const_cast<char*>(&kMark));
  return context;
}

bool is_challenge_context(const SSL_CTX* context) noexcept {
  return context != nullptr && SSL_CTX_get_app_data(context) == &kMark;
}

std::string challenge_server_name(std::string_view name) {
  const auto address = Address::parse(name, 0);
  if (!address) return to_lower(name);
  const auto& bytes = address->bytes();
  std::string text;
  if (address->is_v4()) {
    for (std::size_t i = 16; i > 12; --i) text += cat({unsigned{bytes[i - 1]}, "."});
    return text + "in-addr.arpa";
  }
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (std::size_t i = 16; i > 0; --i)
    for (const unsigned half : {bytes[i - 1] & 15u, bytes[i - 1] / 16u}) {
      text += kDigits[half];
      text += '.';
    }
  return text + "ip6.arpa";
}

}  // namespace lb
