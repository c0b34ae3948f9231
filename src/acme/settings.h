// Plain settings of the acme floor: the certificates to order, and their authorities.
// Thread: plain values.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lb {

// A certificate authority, by the address of its directory.
struct AcmeAuthority {
  std::string url = "letsencrypt";  // or letsencrypt-staging, or an https URL
  std::string ca_file;              // PEM: trusted for it, instead of the system's list
  std::string external_id,
      external_key;     // the operator's account there; the key in base64url
  std::string profile;  // of its certificates; "": the authority's choice
  std::string staging;  // its staging directory; "": that of Let's Encrypt, otherwise none
  bool operator==(const AcmeAuthority&) const = default;
};

// The way to prove to an authority that a name belongs to this server.
enum class AcmeChallenge : std::uint8_t {
  kTls,   // tls-alpn-01: a handshake on port 443
  kHttp,  // http-01: a page on port 80
  kDns,   // dns-01: a record of the name; the only one for wildcards
};
std::string_view to_text(AcmeChallenge challenge) noexcept;  // "http-01"
std::optional<AcmeChallenge> challenge_of(std::string_view text) noexcept;

// The kind of a certificate's key.
enum class AcmeKeyKind : std::uint8_t {
  kEcdsa,  // on the curve P-256
  kRsa,    // 2048 bits, for old players
};
std::optional<AcmeKeyKind> key_kind_of(std::string_view text) noexcept;

// The requests in plain http that are redirected to https.
enum class HttpsRedirect : std::uint8_t {
  kOff,
  kPages,  // pages of browsers; never a stream, because old radios have no TLS
  kAll,
};

struct AcmeSettings {
  bool enabled = false;                    // the element is there
  std::vector<std::string> names;          // empty: <hostname>
  std::string email;                       // the contact for the authority
  std::vector<AcmeAuthority> authorities;  // in order of preference; empty: letsencrypt
  std::vector<std::string> challenges;     // in this order; empty: see challenges_of()
  std::string dns_hook;                    // a program that sets and removes records; "": none
  std::chrono::seconds dns_wait{30};       // until the new record is visible everywhere
  std::vector<std::string> keys;           // one certificate for each; empty: ecdsa
  std::vector<std::string> ports;          // opened in addition to <listen-socket>s; see ports_of()
  // Servers that are asked for the answer to an unknown token, beside the masters:
  // "http://HOST:PORT".
  std::vector<std::string> answer_from;
  HttpsRedirect redirect = HttpsRedirect::kPages;
  std::chrono::seconds hsts{0};  // how long browsers use only https; 0: no header
  bool operator==(const AcmeSettings&) const = default;
};

// The URL of a directory given by its name or its URL.
std::string directory_url(const AcmeAuthority& directory);
// The directory for certificates that no player trusts; "": none.
std::string staging_url(const AcmeAuthority& authority);
// tls-alpn-01 if this server has a port 443, then http-01, then dns-01 if there is a hook.
// Wildcards only use dns-01, addresses never.
std::vector<AcmeChallenge> challenges_of(const AcmeSettings& settings, bool has_https_port);
// Each kind once, in the order of the settings; unknown words are ignored.
std::vector<AcmeKeyKind> key_kinds_of(const AcmeSettings& settings);
struct AcmePort {
  int port = 0;
  bool tls = false;
  bool operator==(const AcmePort&) const = default;
};
// By default 80 for http and 443 for https; of two other ports the first is for http.  "off": none.
// Words that are no ports are ignored.
std::vector<AcmePort> ports_of(const AcmeSettings& settings);
// Whether it is a public authority, whose URLs must have public addresses.
bool is_public_authority(const AcmeAuthority& directory);
// The reason why no public authority signs this name: "it has no dot", "it is a private address" …;
// "": signable.
// Source: CA/Browser Forum Baseline Requirements 7.1.4.2.1, RFC 6761.
std::string_view why_not_public(std::string_view name);

// A certificate to order: for names that the same nodes have, so that a key is only at the nodes of
// its names.
struct WantedCertificate {
  std::vector<std::string> names;
  AcmeKeyKind key = AcmeKeyKind::kEcdsa;
  std::vector<std::string> nodes;  // the nodes of <cluster> that have its names too
  std::size_t acme = 0;            // the index of its <acme>
  bool in_store = false;           // other masters of the <store> have its names too
  bool operator==(const WantedCertificate&) const = default;
};

}  // namespace lb
