#include "acme/settings.h"

#include <algorithm>
#include <array>

#include "acme/certificate.h"
#include "acme/report.h"
#include "base/strings.h"
#include "net/address/address.h"
#include "net/address/reach.h"

namespace lb {
namespace {

struct NamedDirectory {
  std::string_view name, url;
};
constexpr std::array kDirectories = {
    NamedDirectory{"letsencrypt", "https://acme-v02.api.letsencrypt.org/directory"},
    NamedDirectory{"letsencrypt-staging", "https://acme-staging-v02.api.letsencrypt.org/directory"},
};

constexpr std::array<std::string_view, 9> kLocal = {".localhost", ".local",   ".internal",
                                                    ".home.arpa", ".onion",   ".test",
                                                    ".example",   ".invalid", ".lan"};

// Addresses for documentation: RFC 5737, RFC 3849.
constexpr std::array<std::string_view, 4> kExamples = {"192.0.2.", "198.51.100.", "203.0.113.",
                                                       "2001:db8:"};

constexpr std::array<std::string_view, 3> kChallenges = {"tls-alpn-01", "http-01", "dns-01"};

}  // namespace

std::string_view to_text(AcmeChallenge challenge) noexcept {
  return kChallenges[static_cast<std::size_t>(challenge)];
}

std::optional<AcmeChallenge> challenge_of(std::string_view text) noexcept {
  const auto at = std::ranges::find(kChallenges, text);
  if (at == kChallenges.end()) return std::nullopt;
  return static_cast<AcmeChallenge>(at - kChallenges.begin());
}

std::vector<AcmeChallenge> challenges_of(const AcmeSettings& settings, bool has_https_port) {
  std::vector<AcmeChallenge> all;
  for (const std::string& text : settings.challenges)
    if (const auto challenge = challenge_of(text)) all.push_back(*challenge);
  if (settings.dns_hook.empty()) std::erase(all, AcmeChallenge::kDns);
  if (!settings.challenges.empty()) return all;
  if (has_https_port) all.push_back(AcmeChallenge::kTls);
  all.push_back(AcmeChallenge::kHttp);
  if (!settings.dns_hook.empty()) all.push_back(AcmeChallenge::kDns);
  return all;
}

std::optional<AcmeKeyKind> key_kind_of(std::string_view text) noexcept {
  if (text == "ecdsa") return AcmeKeyKind::kEcdsa;
  if (text == "rsa") return AcmeKeyKind::kRsa;
  return std::nullopt;
}

std::vector<AcmeKeyKind> key_kinds_of(const AcmeSettings& settings) {
  std::vector<AcmeKeyKind> all;
  for (const std::string& text : settings.keys)
    if (const auto kind = key_kind_of(text); kind && std::ranges::find(all, *kind) == all.end())
      all.push_back(*kind);
  if (all.empty()) all.push_back(AcmeKeyKind::kEcdsa);
  return all;
}

std::vector<AcmePort> ports_of(const AcmeSettings& settings) {
  constexpr int kHttp = 80, kHttps = 443, kLast = 65535;
  if (settings.ports.empty()) return {{kHttp, false}, {kHttps, true}};
  std::vector<AcmePort> all;
  for (const std::string& text : settings.ports) {
    const auto port = parse_u64(text);
    if (!port || *port == 0 || *port > kLast) continue;
    const int number = static_cast<int>(*port);
    // 80 and 443 have their usual meaning; of other ports the second is for https.
    all.push_back({number, number == kHttps || (number != kHttp && !all.empty())});
  }
  return all;
}

std::string directory_url(const AcmeAuthority& directory) {
  for (const NamedDirectory& known : kDirectories)
    if (known.name == directory.url) return std::string(known.url);
  return directory.url;
}

std::string staging_url(const AcmeAuthority& authority) {
  if (!authority.staging.empty()) return authority.staging;
  return directory_url(authority) == kDirectories[0].url ? std::string(kDirectories[1].url) : "";
}

bool is_public_authority(const AcmeAuthority& directory) {
  return is_known_authority(directory_url(directory));
}

namespace {

// Expects lower case and A-labels; for a wildcard the rest is checked.  URLs and ports are refused.
bool is_dns_name(std::string_view name) {
  constexpr std::size_t kLabelBytes = 63, kNameBytes = 253;
  if (name.starts_with("*.")) name.remove_prefix(2);
  if (name.size() > kNameBytes) return false;
  bool has_letter = false;
  for (const std::string_view label : split(name, '.')) {
    const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || c == '-'; };
    const bool is_known =
        std::ranges::all_of(label, [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
    if (!is_known || label.empty() || label.size() > kLabelBytes || label.starts_with('-') ||
        label.ends_with('-'))
      return false;
    has_letter = std::ranges::any_of(label, is_letter);
  }
  return has_letter;  // without a letter the last label would make it an address
}

}  // namespace

std::string_view why_not_public(std::string_view name) {
  if (is_address_name(name)) {
    for (const std::string_view begin : kExamples)
      if (name.starts_with(begin)) return "it is an address of examples";
    const auto address = Address::parse(name, 0);
    return address && reach_of(*address) == Reach::kPublic ? "" : "it is not a public address";
  }
  const std::string lower = to_lower(name);
  if (lower.find('.') == std::string::npos) return "it has no dot";
  if (!is_dns_name(lower)) return "it is not a DNS name";
  for (const std::string_view end : kLocal)
    if (lower.ends_with(end)) return "it is a name of local networks or of examples";
  return "";
}

}  // namespace lb
