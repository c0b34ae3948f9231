// The OpenSSL objects of the net floor, owned by unique_ptrs, and the reason of OpenSSL's error.
// Thread: an SSL belongs to one loop; an SSL_CTX and an X509 may be used by many once they are set
// up.
#pragma once

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <memory>
#include <string>

namespace lb {

struct SslFree {
  void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
  void operator()(SSL* session) const noexcept { SSL_free(session); }
  void operator()(BIO* bio) const noexcept { BIO_free_all(bio); }
  void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const noexcept { X509_free(certificate); }
};
using SslContextPtr = std::unique_ptr<SSL_CTX, SslFree>;
using SslPtr = std::unique_ptr<SSL, SslFree>;
using BioPtr = std::unique_ptr<BIO, SslFree>;
using KeyPtr = std::unique_ptr<EVP_PKEY, SslFree>;
using X509Ptr = std::unique_ptr<X509, SslFree>;

// The first error in this thread's queue; empties the queue.
inline std::string take_ssl_error() {
  const unsigned long code = ERR_peek_error();
  const char* reason = code != 0 ? ERR_reason_error_string(code) : nullptr;
  std::string text = reason != nullptr ? reason : "unknown error";
  ERR_clear_error();
  return text;
}

// For servers: key agreement by curves only.  OpenSSL's default includes finite fields, whose
// largest costs 120 ms of processor time for one packet of a client that computes nothing.
inline void set_server_groups(SSL_CTX* context) {
  // A list with an unknown name is refused whole: the first needs OpenSSL 3.5.
  for (const char* groups :
       {"X25519MLKEM768:X25519:P-256:X448:P-384:P-521", "X25519:P-256:X448:P-384:P-521"})
    if (SSL_CTX_set1_groups_list(context, groups) == 1) break;
  ERR_clear_error();
}

}  // namespace lb
