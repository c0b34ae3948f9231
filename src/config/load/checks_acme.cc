// Checks of <acme>: names that no authority signs, and missing settings.
#include <algorithm>
#include <iterator>

#include "acme/certificate.h"
#include "base/cat.h"
#include "base/encoding.h"
#include "base/file.h"
#include "config/load/checks.h"
#include "net/fetch/fetch.h"

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
                       " is not an https address; an order there will fail"}));
  if (directory.external_id.empty() != directory.external_key.empty())
    filler.report(filler.line_of(path), Severity::kError,
                  "<acme> <authority>: eab-kid and eab-key belong together; the authority will "
                  "refuse the account");
  if (!directory.external_key.empty() && !base64url_decode(directory.external_key))
    filler.report(filler.line_of(path), Severity::kError,
                  "<acme> <authority>: eab-key is not base64url, as authorities show it; nothing "
                  "is ordered");
}

constexpr std::string_view kHttpOrigin = "http://";

// The names in the certificate files of the configuration, which need no order.
std::vector<std::string> served_names(const Config& config) {
  std::vector<std::string> served;
  for (const auto* files : {&config.paths.ssl_certificate, &config.security.tls_certificate})
    for (const std::string& path : *files)
      if (const auto file = read_file(path, {.limit = kFileBytes}))
        std::ranges::copy(certificate_names(file->text), std::back_inserter(served));
  return served;
}

void check_words(const AcmeSettings& acme, const std::string& path, Filler& filler) {
  const int line = filler.line_of(path);
  for (const std::string& text : acme.challenges)
    if (!challenge_of(text))
      filler.report(line, Severity::kError,
                    cat({"<acme> <challenges>: ", text,
                         " is not one of tls-alpn-01, http-01, dns-01; it is passed over"}));
  for (const std::string& text : acme.keys)
    if (!key_kind_of(text))
      filler.report(filler.line_of(path + "/keys"), Severity::kError,
                    cat({"<acme> <keys>: ", text, " is neither ecdsa nor rsa; it is passed over"}));
  // Authorities accept one address.
  const std::string& email = acme.email;
  if (!email.empty() &&
      (std::ranges::count(email, '@') != 1 || email.starts_with('@') || email.ends_with('@') ||
       email.find_first_of(" ,;:<>?") != std::string::npos))
    filler.report(
        filler.line_of(path + "/email"), Severity::kError,
        cat({"<acme> <email>: ", email,
             " is not an address such as radio@example.org; the authority will refuse the "
             "account"}));
  const std::size_t ports = ports_of(acme).size();
  if (acme.ports != std::vector<std::string>{"off"} &&
      ((ports != acme.ports.size() && !acme.ports.empty()) || ports > kMaxPorts))
    filler.report(filler.line_of(path + "/ports"), Severity::kError,
                  cat({"<acme> <ports>: they are one or two ports, as 80 443, or off; of these ",
                       acme.ports.size(), " words ", ports, " are opened"}));
  for (const std::string& text : acme.answer_from)
    if (!text.starts_with(kHttpOrigin) || !is_fetchable(text) ||
        text.find('/', kHttpOrigin.size()) != std::string::npos)
      filler.report(filler.line_of(path + "/answer-from"), Severity::kError,
                    cat({"<acme> <answer-from>: ", text,
                         " is not an address such as http://HOST:PORT; it is not asked"}));
}

// Reports faults of the names of one <acme>; seen: the names of earlier <acme>s.
void check_acme_names(const Config& config, const AcmeSettings& acme, int line,
                      std::vector<std::string>& seen, Filler& filler) {
  const auto challenges = challenges_of(acme, true);
  const bool has_dns =
      std::find(challenges.begin(), challenges.end(), AcmeChallenge::kDns) != challenges.end();
  const bool is_public =
      acme.authorities.empty() || std::ranges::any_of(acme.authorities, is_public_authority);
  const std::vector<std::string> served = served_names(config);
  for (const std::string& name : names_of_acme(config, acme)) {
    if (std::ranges::find(seen, name) != seen.end()) {
      filler.report(line, Severity::kWarning,
                    cat({"<acme>: ", name, " was named already; it is ordered once"}));
      continue;
    }
    seen.push_back(name);
    if (is_name_of(served, name)) {
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
                    cat({"<acme>: no public CA gives a certificate for ", name,
                         "; use names= or ssl-certificate (", why, ")"}));
    else if (!why.empty())
      filler.report(line, Severity::kNote,
                    cat({"<acme>: no public CA gives a certificate for ", name, " (", why,
                         "); it is ordered, as the authority is one of your own"}));
  }
}

void check_one(const Config& config, std::size_t index, std::vector<std::string>& seen,
               Filler& filler) {
  const AcmeSettings& acme = config.acme[index];
  const std::string path = numbered("acme", index);
  const int line = filler.line_of(path);
  for (std::size_t i = 0; i < acme.authorities.size(); ++i)
    check_directory(acme.authorities[i], numbered(path + "/authority", i), filler);
  check_words(acme, path, filler);
  if (std::find(acme.challenges.begin(), acme.challenges.end(), "dns-01") !=
          acme.challenges.end() &&
      acme.dns_hook.empty())
    filler.report(line, Severity::kError,
                  "<acme> <challenges>: dns-01 needs dns-hook; it is passed over");
  if (const std::size_t names = names_of_acme(config, acme).size(); names > kMaxNames)
    filler.report(
        line, Severity::kNote,
        cat({"<acme>: ", names, " names: ", (names + kMaxNames - 1) / kMaxNames, " certificates"}));
  check_acme_names(config, acme, line, seen, filler);
}

}  // namespace

void check_acme(const Config& config, Filler& filler) {
  if (first_acme(config) == nullptr) return;
  const int line = filler.line_of("acme[1]");
  if (state_directory(config).empty())
    filler.report(
        line, Severity::kError,
        "<acme>: no certificate is ordered, because there is no directory to keep it in; "
        "name one in <paths><state-dir> ($STATE_DIRECTORY, which systemd sets, is another "
        "way)");
  if (config.security.chroot)
    filler.report(line, Severity::kError,
                  "<acme>: names and the certificates of authorities are outside of <chroot>; no "
                  "certificate is ordered until it is off");
  std::vector<std::string> seen;
  for (std::size_t i = 0; i < config.acme.size(); ++i)
    if (config.acme[i].enabled) check_one(config, i, seen, filler);
}

}  // namespace lb
