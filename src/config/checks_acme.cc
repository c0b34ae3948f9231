// Checks of <acme>: what no authority will sign, and what is missing for it.
#include "base/cat.h"
#include "base/encoding.h"
#include "config/checks.h"

namespace lb {
namespace {

void check_directory(const AcmeAuthority& directory, const std::string& path, Filler& filler) {
  const std::string url = directory_url(directory);
  if (!url.starts_with("https://"))
    filler.report(filler.line_of(path), Severity::kError,
                  cat({"<acme> <authority>: ", url,
                       " is neither letsencrypt, letsencrypt-staging nor an https address; nothing "
                       "is ordered from it"}));
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
  for (std::size_t i = 0; i < acme.authorities.size(); ++i)
    check_directory(acme.authorities[i], numbered("acme/authority", i), filler);
  if (acme.authorities.size() > 1)
    filler.report(
        line, Severity::kNote,
        cat({"<acme>: of its ", acme.authorities.size(), " authorities only the first is asked"}));
  const bool is_public = acme.authorities.empty() || is_public_authority(acme.authorities.front());
  const std::vector<std::string> names =
      acme.names.empty() ? std::vector<std::string>{config.hostname} : acme.names;
  for (const std::string& name : names) {
    if (name.starts_with("*."))
      filler.report(
          line, Severity::kError,
          cat({"<acme>: ", name,
               " needs a challenge by DNS, which this server does not have; use names, or "
               "ssl-certificate"}));
    else if (const auto why = why_not_public(name); is_public && !why.empty())
      filler.report(line, Severity::kError,
                    cat({"<acme>: no public authority gives a certificate for ", name, ", as ", why,
                         "; use names=, or ssl-certificate"}));
  }
}

}  // namespace lb
