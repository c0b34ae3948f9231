// What is asked of a certificate authority, and what it may give: the request for a certificate
// (CSR), and whether a chain is one for our key and our names.
// Thread: pure functions.
// Source: RFC 2986 (PKCS 10), RFC 5280 4.2.1.6 (names), RFC 8738 (addresses).
#pragma once

#include <openssl/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "acme/key.h"
#include "base/clock.h"
#include "base/result.h"

namespace lb {

// Whether it is an IPv4 or IPv6 address, as names of certificates may be.
bool is_address_name(std::string_view name);

// DER.  Error: kInvalid for a name that cannot be in a certificate, kIo of OpenSSL.
Result<std::string> certificate_request(const AcmeKey& key, const std::vector<std::string>& names);

struct CertificateFacts {
  WallTime begins{}, ends{};
  std::string issuer;  // its common name, or organization; "": neither
};
// The first certificate of a chain in PEM.  Error: kInvalid.
Result<CertificateFacts> certificate_facts(std::string_view chain);
// … of a file, whose key has to be that of the certificate.  Error: kInvalid.
Result<CertificateFacts> kept_facts(std::string_view chain_and_key);
// The names and addresses of the first certificate of a chain in PEM; empty: it cannot be read.
std::vector<std::string> certificate_names(std::string_view chain);
std::vector<std::string> certificate_names(const X509* certificate);
// Whether one of these names and patterns ("*.example.org") is that of a host in lower case.
// Source: RFC 6125 6.4.3.
bool is_name_of(const std::vector<std::string>& all, std::string_view name);
// By which an authority knows its certificate, the first of a chain; "": it names no key of its
// issuer.
// Source: RFC 9773 4.1.
// The first certificate of a chain, in DER; "": the chain has no certificate.
std::string leaf_of(std::string_view chain);
std::string renewal_id(std::string_view chain);
// The certificates in a text in PEM, and nothing else of it: it is kept with a key behind it.
// Error: kInvalid for a block that is no certificate or not whole, and for more than 16 of them.
// Source: RFC 8555 9.1.
Result<std::string> plain_chain(std::string_view text);
// Whether a chain may be used: the first certificate is of our key and has all names, it is in
// force, and begins at most a day ahead of our clock.  Error: kInvalid, with what is wrong.
Result<CertificateFacts> check_chain(std::string_view chain, const AcmeKey& key,
                                     const std::vector<std::string>& names, WallTime now);

}  // namespace lb
