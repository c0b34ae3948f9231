#include "app/services/runtime.h"

#include <unistd.h>

#include <algorithm>

#include "acme/kept_certificate.h"
#include "base/cat.h"
#include "base/clock.h"
#include "base/strings.h"
#include "config/load/named_paths.h"
#include "http/connections.h"
#include "http/static_files.h"
#include "net/tls/tls_context.h"

namespace lb {

std::string Runtime::authority(const Config& config) {
  return cat({config.hostname, ":", config.port});
}

HttpSettings Runtime::http_settings(const Config& config) {
  HttpSettings settings;
  settings.server_id = config.server_id;
  settings.http_headers = config.http_headers;
  settings.header_timeout = config.limits.header_timeout;
  settings.client_timeout = config.limits.client_timeout;
  // The configuration's checks have logged entries that can never match.
  settings.trusted_proxies =
      AddressList::parse(config.paths.x_forwarded_for, [](std::size_t, const std::string&) {});
  return settings;
}

TlsSettings Runtime::tls_settings(const Config& config, const std::vector<std::string>& ordered,
                                  const TlsContext* in_use) {
  TlsSettings settings = tls_files(config);
  settings.ticket_key_file = config.paths.ssl_ticket_key;
  // Nodes that check each other's tokens share the keys, so TLS sessions resume at any of them.
  if (settings.ticket_key_file.empty())
    for (const std::string_view key : split(config.cluster.token_keys, ' '))
      if (const std::string_view secret = trim(key); !secret.empty())
        settings.ticket_secrets.emplace_back(secret);
  if (const std::string state = state_directory(config); !state.empty())
    settings.ticket_ring_file = state + "/ticket.secrets";
  // A certificate that has not arrived yet is no fault of the configuration.
  settings.begins_bare =
      !acme_names(config).empty() || (settings.certificates.empty() && !config.masters.empty());
  // A file that is gone does not end the use of its certificate.
  const auto is_loaded = [in_use](const std::string& path) {
    return in_use != nullptr &&
           std::ranges::count(in_use->certificates(), path, &TlsContext::Certificate::file) > 0;
  };
  for (const std::string& path : ordered)
    if (::access(path.c_str(), F_OK) == 0 || is_loaded(path)) settings.certificates.push_back(path);
  // A regrouped set of names keeps the old certificate until its own arrives.
  std::vector<std::string> names;
  for (const WantedCertificate& wanted : wanted_certificates(config))
    names.insert(names.end(), wanted.names.begin(), wanted.names.end());
  const std::string state = state_directory(config);
  for (std::string& path : kept_before(state, names, settings.certificates))
    settings.certificates.push_back(std::move(path));
  // So does another list of names, as long as a certificate of it is missing; over a restart too.
  const auto add = [&settings](const std::string& path) {
    if (std::ranges::find(settings.certificates, path) == settings.certificates.end())
      settings.certificates.push_back(path);
  };
  const bool lacks_any = std::ranges::any_of(
      ordered, [](const std::string& path) { return ::access(path.c_str(), F_OK) != 0; });
  if (in_use != nullptr && lacks_any)
    for (const TlsContext::Certificate& one : in_use->certificates())
      if (one.file.starts_with(state + "/acme/certificates/")) add(one.file);
  if (lacks_any && !state.empty())
    for (const std::string& path : kept_certificates(state, system_clock().wall())) add(path);
  return settings;
}

StaticFiles Runtime::static_files(const Config& config, Log& log) {
  MimeTypes types;
  if (auto loaded = types.load(config.paths.mime_types); !loaded)
    log.warn("fserve/fserve_recheck_mime_types",
             loaded.error().what + "; the built-in types are used");
  return StaticFiles(config.paths.webroot, config.fileserve, std::move(types));
}

}  // namespace lb
