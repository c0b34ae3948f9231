// Certificates for tests, made on the spot: self-signed, P-256 or RSA.
#pragma once

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <filesystem>
#include <string>
#include <string_view>

#include "base/temporary_directory.h"
#include "net/tls/tls_handles.h"

namespace lb::test {

struct PemPair {
  std::string certificate, key;
  std::string both() const { return certificate + key; }
};

inline std::string drain(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

// alternative_names: "DNS:a.test,IP:127.0.0.1", "": only the common name "test".
inline PemPair make_pem(const std::string& alternative_names, long valid_seconds = 90 * 86400,
                        const char* password = nullptr, bool rsa = false) {
  KeyPtr key(rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256"));
  X509* x509 = X509_new();
  X509_set_version(x509, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
  X509_gmtime_adj(X509_getm_notBefore(x509), -86400 * 365L);
  X509_gmtime_adj(X509_getm_notAfter(x509), valid_seconds);
  X509_set_pubkey(x509, key.get());
  X509_NAME* name = X509_get_subject_name(x509);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("test"), -1, -1, 0);
  X509_set_issuer_name(x509, name);
  if (!alternative_names.empty()) {
    X509_EXTENSION* names =
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, alternative_names.c_str());
    X509_add_ext(x509, names, -1);
    X509_EXTENSION_free(names);
  }
  X509_sign(x509, key.get(), EVP_sha256());
  PemPair pair;
  BioPtr out(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(out.get(), x509);
  pair.certificate = drain(out.get());
  X509_free(x509);
  out.reset(BIO_new(BIO_s_mem()));
  PEM_write_bio_PrivateKey(
      out.get(), key.get(), password != nullptr ? EVP_aes_128_cbc() : nullptr,
      reinterpret_cast<const unsigned char*>(password),
      password != nullptr ? static_cast<int>(std::string_view(password).size()) : 0, nullptr,
      nullptr);
  pair.key = drain(out.get());
  return pair;
}

struct TestDirectory : TemporaryDirectory {
  std::string path(const std::string& name) const { return file(name); }
  // A new file takes the place of an old one, as a certificate's renewal does it.
  std::string write(const std::string& name, const std::string& text) const {
    std::filesystem::rename(put(name + ".new", text), path(name));
    return path(name);
  }
};

}  // namespace lb::test
