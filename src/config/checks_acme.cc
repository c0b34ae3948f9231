// Checks of <acme>: what no authority will sign, and what is missing for it.
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>

#include "acme/certificate.h"
#include "base/cat.h"
#include "base/encoding.h"
#include "base/file.h"
#include "base/strings.h"
#include "config/checks.h"

namespace lb {
namespace {

constexpr std::size_t kMaxNames = 100, kMaxPorts = 2, kFileBytes = 256 * 1024;

void check_directory(const AcmeAuthority& directory, const std::string& path, Filler& filler) {
  const std::string url = directory_url(directory);
  if (!url.starts_with("https://"))
    filler.report(filler.line_of(path), Severity::kError,
                  cat({"<acme> <authority>: ", url,
                       " is neither letsencrypt, letsencrypt-staging nor an https address; nothing "
                       "is ordered from it"}));
  if (!directory.staging.empty() && !directory.staging.starts_with("https://"))
    filler.report(filler.line_of(path), Severity::kError,
                  cat({"<acme> <authority>: staging=", directory.staging,
                       " is no https address; an order there will fail"}));
  if (directory.external_id.empty() != directory.external_key.empty())
    filler.report(filler.line_of(path), Severity::kError,
                  "<acme> <authority>: eab-kid and eab-key belong together; the authority will "
                  "refuse the account");
  if (!directory.external_key.empty() && !base64url_decode(directory.external_key))
    filler.report(filler.line_of(path), Severity::kError,
                  "<acme> <authority>: eab-key is not base64url, as authorities show it; nothing "
                  "is ordered");
}

}  // namespace

void check_acme(const Config& config, Filler& filler) {
  const AcmeSettings& acme = config.acme;
  if (!acme.enabled) return;
  const int line = filler.line_of("acme");
  if (state_directory(config).empty())
    filler.report(
        line, Severity::kWarning,
        "<acme>: no certificate is ordered, because there is no directory to keep it in; "
        "name one in <paths><state-dir> ($STATE_DIRECTORY, which systemd sets, is another "
        "way)");
  if (config.security.chroot)
    filler.report(line, Severity::kError,
                  "<acme>: names and the certificates of authorities are outside of <chroot>; no "
                  "certificate is ordered until it is off");
  for (std::size_t i = 0; i < acme.authorities.size(); ++i)
    check_directory(acme.authorities[i], numbered("acme/authority", i), filler);
  const bool is_public = acme.authorities.empty() || is_public_authority(acme.authorities.front());
  for (const std::string& text : acme.challenges)
    if (!challenge_of(text))
      filler.report(line, Severity::kError,
                    cat({"<acme> <challenges>: ", text,
                         " is none of tls-alpn-01, http-01, dns-01; it is passed over"}));
  for (const std::string& text : acme.keys)
    if (!key_kind_of(text))
      filler.report(filler.line_of("acme/keys"), Severity::kError,
                    cat({"<acme> <keys>: ", text, " is neither ecdsa nor rsa; it is passed over"}));
  const std::size_t ports = ports_of(acme).size();
  if (acme.ports != std::vector<std::string>{"off"} &&
      ((ports != acme.ports.size() && !acme.ports.empty()) || ports > kMaxPorts))
    filler.report(filler.line_of("acme/ports"), Severity::kError,
                  cat({"<acme> <ports>: they are one or two ports, as 80 443, or off; of these ",
                       acme.ports.size(), " words ", ports, " are opened"}));
  const auto challenges = challenges_of(acme, true);
  const bool has_dns =
      std::find(challenges.begin(), challenges.end(), AcmeChallenge::kDns) != challenges.end();
  if (!has_dns &&
      std::find(acme.challenges.begin(), acme.challenges.end(), "dns-01") != acme.challenges.end())
    filler.report(line, Severity::kError,
                  "<acme> <challenges>: dns-01 needs dns-hook; it is passed over");
  if (!acme.dns_hook.empty() && ::access(acme.dns_hook.c_str(), X_OK) != 0)
    filler.report(line, Severity::kWarning,
                  cat({"<acme> <dns-hook>: ", acme.dns_hook, " cannot be executed (",
                       std::strerror(errno), "); dns-01 will fail"}));
  const std::vector<std::string> names =
      acme.names.empty() ? std::vector<std::string>{config.hostname} : acme.names;
  if (names.size() > kMaxNames)
    filler.report(line, Severity::kNote,
                  cat({"<acme>: ", names.size(),
                       " names: ", (names.size() + kMaxNames - 1) / kMaxNames, " certificates"}));
  std::vector<std::string> served;
  for (const auto* files : {&config.paths.ssl_certificate, &config.security.tls_certificate})
    for (const std::string& path : *files)
      if (const auto file = read_file(path, {.limit = kFileBytes}))
        std::ranges::copy(certificate_names(file->text), std::back_inserter(served));
  for (const std::string& name : names) {
    if (is_name_of(served, to_lower(name))) {
      filler.report(line, Severity::kNote,
                    cat({"<acme>: ", name, " is in <ssl-certificate>; it is not ordered"}));
      continue;
    }
    if (name.starts_with("*.") && !has_dns)
      filler.report(
          line, Severity::kError,
          cat({"<acme>: ", name,
               " needs the challenge dns-01, and there is none without dns-hook; the name "
               "is left out"}));
    else if (is_address_name(name) && has_dns && challenges.size() == 1)
      filler.report(line, Severity::kError,
                    cat({"<acme>: ", name,
                         " is an address, which dns-01 is not for; the name cannot be ordered"}));
    else if (const auto why = why_not_public(name); is_public && !why.empty())
      filler.report(line, Severity::kError,
                    cat({"<acme>: no public CA gives a certificate for ", name, " (", why,
                         "); use names= or ssl-certificate"}));
    else if (!why.empty())
      filler.report(line, Severity::kNote,
                    cat({"<acme>: no public CA gives a certificate for ", name, " (", why,
                         "); it is ordered, as the authority is one of your own"}));
  }
}

}  // namespace lb
