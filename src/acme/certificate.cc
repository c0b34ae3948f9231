#include "acme/certificate.h"

#include <arpa/inet.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <memory>

#include "base/cat.h"
#include "base/encoding.h"
#include "base/strings.h"
#include "net/tls/tls_context.h"

namespace lb {
namespace {

constexpr std::chrono::hours kAhead{24};
constexpr std::size_t kChainCertificates = 16;

struct Free {
  void operator()(X509* x) const noexcept { X509_free(x); }
  void operator()(X509_REQ* x) const noexcept { X509_REQ_free(x); }
  void operator()(GENERAL_NAMES* x) const noexcept { GENERAL_NAMES_free(x); }
  void operator()(STACK_OF(X509_EXTENSION) * x) const noexcept {
    sk_X509_EXTENSION_pop_free(x, X509_EXTENSION_free);
  }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

// The 4 or 16 bytes of an address; "" for other names.
std::string address_bytes(std::string_view name) {
  std::array<char, 16> bytes{};
  const std::string text(name);
  if (inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) return {bytes.data(), 4};
  if (inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1) return {bytes.data(), 16};
  return {};
}

bool add_name(GENERAL_NAMES* all, std::string_view name) {
  const std::string address = address_bytes(name);
  const std::string_view bytes = address.empty() ? name : std::string_view(address);
  ASN1_STRING* text =
      ASN1_STRING_type_new(address.empty() ? V_ASN1_IA5STRING : V_ASN1_OCTET_STRING);
  GENERAL_NAME* made = GENERAL_NAME_new();
  if (text == nullptr || made == nullptr ||
      ASN1_STRING_set(text, bytes.data(), static_cast<int>(bytes.size())) != 1) {
    ASN1_STRING_free(text);
    GENERAL_NAME_free(made);
    return false;
  }
  GENERAL_NAME_set0_value(made, address.empty() ? GEN_DNS : GEN_IPADD, text);
  if (sk_GENERAL_NAME_push(all, made) > 0) return true;
  GENERAL_NAME_free(made);
  return false;
}

Owned<X509> first_of(std::string_view chain) {
  const BioPtr bio(BIO_new_mem_buf(chain.data(), static_cast<int>(chain.size())));
  return Owned<X509>(bio == nullptr ? nullptr
                                    : PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
}

Result<WallTime> time_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return Error::invalid("a time in it cannot be read");
  return wall_time(::timegm(&parts));
}

Result<CertificateFacts> facts_of(X509* certificate) {
  const auto begins = time_of(X509_get0_notBefore(certificate));
  const auto ends = time_of(X509_get0_notAfter(certificate));
  if (!begins) return begins.error();
  if (!ends) return ends.error();
  return CertificateFacts{*begins, *ends, issuer_of(certificate)};
}

// A wildcard only matches itself: a certificate of "*.a" has the name "*.a", not "b.a".
bool has_name(X509* certificate, std::string_view name) {
  const std::string address = address_bytes(name);
  const Owned<GENERAL_NAMES> all(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; i < sk_GENERAL_NAME_num(all.get()); ++i) {
    int kind = 0;
    const auto* value = static_cast<const ASN1_STRING*>(
        GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(all.get(), i), &kind));
    if (kind != (address.empty() ? GEN_DNS : GEN_IPADD)) continue;
    const std::string_view bytes(reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
                                 static_cast<std::size_t>(ASN1_STRING_length(value)));
    if (bytes == (address.empty() ? name : std::string_view(address))) return true;
  }
  return false;
}

}  // namespace

bool is_address_name(std::string_view name) { return !address_bytes(name).empty(); }

Result<std::string> certificate_request(const AcmeKey& key, const std::vector<std::string>& names) {
  const Owned<X509_REQ> request(X509_REQ_new());
  const Owned<GENERAL_NAMES> all(sk_GENERAL_NAME_new_null());
  for (const std::string& name : names)
    if (name.empty() || name.size() > 253 || !add_name(all.get(), name))
      return Error::invalid(cat({"a certificate cannot have the name \"", name, "\""}));
  Owned<STACK_OF(X509_EXTENSION)> extensions;
  STACK_OF(X509_EXTENSION)* raw = nullptr;
  bool ok = request != nullptr && X509V3_add1_i2d(&raw, NID_subject_alt_name, all.get(), 0, 0) == 1;
  extensions.reset(raw);
  ok = ok && X509_REQ_add_extensions(request.get(), extensions.get()) == 1 &&
       X509_REQ_set_version(request.get(), X509_REQ_VERSION_1) == 1 &&
       X509_REQ_set_pubkey(request.get(), key.handle()) == 1 &&
       X509_REQ_sign(request.get(), key.handle(), EVP_sha256()) > 0;
  unsigned char* der = nullptr;
  const int length = ok ? i2d_X509_REQ(request.get(), &der) : -1;
  if (length < 0)
    return Error::io(cat({"the request for a certificate was not made: ", take_ssl_error()}));
  std::string text(reinterpret_cast<const char*>(der), static_cast<std::size_t>(length));
  OPENSSL_free(der);
  return text;
}

Result<CertificateFacts> certificate_facts(std::string_view chain) {
  const Owned<X509> certificate = first_of(chain);
  if (certificate == nullptr) return Error::invalid(cat({"no certificate: ", take_ssl_error()}));
  return facts_of(certificate.get());
}

Result<CertificateFacts> kept_facts(std::string_view chain_and_key) {
  auto facts = certificate_facts(chain_and_key);
  if (!facts) return facts;
  const BioPtr bio(BIO_new_mem_buf(chain_and_key.data(), static_cast<int>(chain_and_key.size())));
  const KeyPtr key(bio == nullptr ? nullptr
                                  : PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
  if (key == nullptr) return Error::invalid(cat({"no private key: ", take_ssl_error()}));
  if (X509_check_private_key(first_of(chain_and_key).get(), key.get()) == 1) return facts;
  ERR_clear_error();
  return Error::invalid("its key is not the one of the certificate");
}

std::vector<std::string> certificate_names(std::string_view chain) {
  const Owned<X509> certificate = first_of(chain);
  ERR_clear_error();
  return certificate == nullptr ? std::vector<std::string>() : certificate_names(certificate.get());
}

std::vector<std::string> certificate_names(const X509* certificate) {
  std::vector<std::string> names;
  const Owned<GENERAL_NAMES> all(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; i < sk_GENERAL_NAME_num(all.get()); ++i) {
    int kind = 0;
    const auto* value = static_cast<const ASN1_STRING*>(
        GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(all.get(), i), &kind));
    const auto* bytes = reinterpret_cast<const char*>(ASN1_STRING_get0_data(value));
    const auto size = static_cast<std::size_t>(ASN1_STRING_length(value));
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (kind == GEN_DNS)
      names.emplace_back(bytes, size);
    else if (kind == GEN_IPADD && (size == 4 || size == 16) &&
             inet_ntop(size == 4 ? AF_INET : AF_INET6, bytes, text.data(), text.size()) != nullptr)
      names.emplace_back(text.data());
  }
  return names;
}

bool is_name_of(const std::vector<std::string>& all, std::string_view name) {
  return std::ranges::any_of(all, [&](const std::string& one) {
    const std::string pattern = to_lower(one);
    return pattern == name ||
           (pattern.starts_with("*.") && name.find('.') != std::string_view::npos &&
            name.substr(name.find('.')) == std::string_view(pattern).substr(1));
  });
}

std::string leaf_of(std::string_view chain) {
  const Owned<X509> certificate = first_of(chain);
  ERR_clear_error();
  if (certificate == nullptr) return {};
  unsigned char* der = nullptr;
  const int length = i2d_X509(certificate.get(), &der);
  if (length <= 0) return {};
  std::string bytes(reinterpret_cast<const char*>(der), static_cast<std::size_t>(length));
  OPENSSL_free(der);
  return bytes;
}

std::string renewal_id(std::string_view chain) {
  const Owned<X509> certificate = first_of(chain);
  ERR_clear_error();
  if (certificate == nullptr) return {};
  const ASN1_OCTET_STRING* issuer = X509_get0_authority_key_id(certificate.get());
  unsigned char* der = nullptr;
  const int length = i2d_ASN1_INTEGER(X509_get0_serialNumber(certificate.get()), &der);
  constexpr int kHead = 2;  // tag and length; a serial number has at most 20 bytes
  if (issuer == nullptr || length <= kHead || length > kHead + 127) {
    OPENSSL_free(der);
    return {};
  }
  const std::string serial(reinterpret_cast<const char*>(der + kHead),
                           static_cast<std::size_t>(length - kHead));
  OPENSSL_free(der);
  return cat({base64url_encode({reinterpret_cast<const char*>(ASN1_STRING_get0_data(issuer)),
                                static_cast<std::size_t>(ASN1_STRING_length(issuer))}),
              ".", base64url_encode(serial)});
}

Result<std::string> plain_chain(std::string_view text) {
  const BioPtr in(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  const BioPtr out(BIO_new(BIO_s_mem()));
  if (in == nullptr || out == nullptr) return Error::invalid("there is no memory for it");
  for (std::size_t count = 0;; ++count) {
    char *name = nullptr, *header = nullptr;
    unsigned char* bytes = nullptr;
    long size = 0;
    if (PEM_read_bio(in.get(), &name, &header, &bytes, &size) != 1) {
      const bool is_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
      const std::string why = take_ssl_error();
      if (!is_end || count == 0) return Error::invalid(cat({"no certificate: ", why}));
      break;
    }
    const unsigned char* at = bytes;
    const bool is_certificate = std::string_view(name) == PEM_STRING_X509 && *header == '\0' &&
                                Owned<X509>(d2i_X509(nullptr, &at, size)) != nullptr &&
                                at == bytes + size &&
                                PEM_write_bio(out.get(), PEM_STRING_X509, "", bytes, size) > 0;
    for (void* each :
         {static_cast<void*>(name), static_cast<void*>(header), static_cast<void*>(bytes)})
      OPENSSL_free(each);
    ERR_clear_error();
    if (!is_certificate) return Error::invalid("the chain has a block that is not a certificate");
    if (count == kChainCertificates)
      return Error::invalid(cat({"the chain has more than ", kChainCertificates, " certificates"}));
  }
  char* data = nullptr;
  const long size = BIO_get_mem_data(out.get(), &data);
  return std::string(data, static_cast<std::size_t>(size));
}

Result<CertificateFacts> check_chain(std::string_view chain, const AcmeKey& key,
                                     const std::vector<std::string>& names, WallTime now) {
  const Owned<X509> certificate = first_of(chain);
  if (certificate == nullptr) return Error::invalid(cat({"no certificate: ", take_ssl_error()}));
  if (EVP_PKEY_eq(X509_get0_pubkey(certificate.get()), key.handle()) != 1)
    return Error::invalid("the first certificate of the chain is of another key than the request");
  for (const std::string& name : names)
    if (!has_name(certificate.get(), name))
      return Error::invalid(cat({"the certificate lacks the name ", name}));
  auto facts = facts_of(certificate.get());
  if (!facts) return facts;
  if (facts->ends <= now) return Error::invalid("the certificate has expired");
  if (facts->begins > now + kAhead)
    return Error::invalid("the certificate begins more than a day from now");
  return facts;
}

}  // namespace lb
