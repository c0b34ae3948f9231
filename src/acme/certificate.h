// The request for a certificate (CSR), and the checks of the authority's chain against our key and
// names.
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

// Whether the name is an IPv4 or IPv6 address.
bool is_address_name(std::string_view name);

// DER.  Error: kInvalid for a name that cannot be in a certificate, kIo of OpenSSL.
Result<std::string> certificate_request(const AcmeKey& key, const std::vector<std::string>& names);

struct CertificateFacts {
  WallTime begins{}, ends{};
  std::string issuer;  // its common name, or organization; "": neither
};
// The first certificate of a chain in PEM.  Error: kInvalid.
Result<CertificateFacts> certificate_facts(std::string_view chain);
// The same for a file with a key, which must be the certificate's.  Error: kInvalid.
Result<CertificateFacts> kept_facts(std::string_view chain_and_key);
// The names and addresses of the first certificate of a chain in PEM; empty: it cannot be read.
std::vector<std::string> certificate_names(std::string_view chain);
std::vector<std::string> certificate_names(const X509* certificate);
// Whether one of these names and patterns ("*.example.org") matches a host in lower case.
// Source: RFC 6125 6.4.3.
bool is_name_of(const std::vector<std::string>& all, std::string_view name);
// The first certificate of a chain, in DER; "": the chain has no certificate.
std::string leaf_of(std::string_view chain);
// The authority's id for the first certificate of a chain; "": it names no key of its issuer.
// Source: RFC 9773 4.1.
std::string renewal_id(std::string_view chain);
// Extracts the certificates from a text in PEM and drops everything else, because the result is
// stored together with a key.  Error: kInvalid for a block that is no complete certificate, and for
// more than 16 of them.
// Source: RFC 8555 9.1.
Result<std::string> plain_chain(std::string_view text);
// Checks that the first certificate has our key and all names, is valid now, and begins at most a
// day ahead of our clock.  Error: kInvalid with the reason.
Result<CertificateFacts> check_chain(std::string_view chain, const AcmeKey& key,
                                     const std::vector<std::string>& names, WallTime now);

}  // namespace lb
