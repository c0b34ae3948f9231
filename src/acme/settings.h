// Plain settings of the acme floor: which certificates are ordered, and where.
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
  std::string ca_file;              // PEM: what it is trusted by, in place of the system's list
  std::string external_id,
      external_key;     // of an account that the operator has there; the key in base64url
  std::string profile;  // of its certificates; "": its own choice
  std::string staging;  // its directory for trying; "": that of Let's Encrypt, else none
  bool operator==(const AcmeAuthority&) const = default;
};

// How an authority is shown that a name is this server's.
enum class AcmeChallenge : std::uint8_t {
  kTls,   // tls-alpn-01: in a handshake on port 443
  kHttp,  // http-01: at an address on port 80
  kDns,   // dns-01: by a record of the name; the only one for wildcards
};
std::string_view to_text(AcmeChallenge challenge) noexcept;  // "http-01"
std::optional<AcmeChallenge> challenge_of(std::string_view text) noexcept;

// What a certificate's key is.
enum class AcmeKeyKind : std::uint8_t {
  kEcdsa,  // on the curve P-256
  kRsa,    // of 2048 bits, for old players
};
std::optional<AcmeKeyKind> key_kind_of(std::string_view text) noexcept;

// Which requests in plain http are sent to https.
enum class HttpsRedirect : std::uint8_t {
  kOff,
  kPages,  // what browsers navigate to; never a stream: old radios have no TLS
  kAll,
};

struct AcmeSettings {
  bool enabled = false;                    // the element is there
  std::vector<std::string> names;          // empty: <hostname>
  std::string email;                       // where the authority may write to
  std::vector<AcmeAuthority> authorities;  // empty: letsencrypt; the next where one fails
  std::vector<std::string> challenges;     // in this order; empty: see challenges_of()
  std::string dns_hook;                    // a program that sets and removes records; "": none
  std::chrono::seconds dns_wait{30};       // until the record that it has set is everywhere
  std::vector<std::string> keys;           // a certificate of each; empty: ecdsa
  std::vector<std::string> ports;          // opened beside <listen-socket>s; see ports_of()
  // Servers that are asked for the answer to a token that is not known here: "http://HOST:PORT",
  // beside the masters.
  std::vector<std::string> answer_from;
  HttpsRedirect redirect = HttpsRedirect::kPages;
  std::chrono::seconds hsts{0};  // so long a browser comes by https alone; 0: nothing is said
  bool operator==(const AcmeSettings&) const = default;
};

// The URL of a directory that has a name; another text is one already.
std::string directory_url(const AcmeAuthority& directory);
// Where an authority is asked for certificates that no player trusts; "": nowhere.
std::string staging_url(const AcmeAuthority& authority);
// tls-alpn-01 where this server has a port 443, then http-01, then dns-01 where there is a hook;
// for a wildcard dns-01 alone, for an address never.
std::vector<AcmeChallenge> challenges_of(const AcmeSettings& settings, bool has_https_port);
// Each kind once, in the order of the settings; unknown words are left out.
std::vector<AcmeKeyKind> key_kinds_of(const AcmeSettings& settings);
struct AcmePort {
  int port = 0;
  bool tls = false;
  bool operator==(const AcmePort&) const = default;
};
// 80 for http and 443 for https, where nothing is written; of two others the first is for http.
// "off": none.  Words that are no ports are left out.
std::vector<AcmePort> ports_of(const AcmeSettings& settings);
// Whether it is a public authority: what it names is then public, too.
bool is_public_authority(const AcmeAuthority& directory);
// Why no public authority signs this name: "it has no dot", "it is a private address" …; "": it
// may.
// Source: CA/Browser Forum Baseline Requirements 7.1.4.2.1, RFC 6761.
std::string_view why_not_public(std::string_view name);

// A certificate that is ordered: of names that the same nodes have, so that a key lives only where
// its names are.
struct WantedCertificate {
  std::vector<std::string> names;
  AcmeKeyKind key = AcmeKeyKind::kEcdsa;
  std::vector<std::string> nodes;  // those of <cluster> that have its names too
  std::size_t acme = 0;            // the <acme> that it is of
  bool in_store = false;           // other masters of the <store> have its names too
  bool operator==(const WantedCertificate&) const = default;
};

}  // namespace lb
