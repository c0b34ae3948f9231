#include "app/services.h"

#include <algorithm>

#include "admin/stats_feed.h"
#include "app/cluster_links.h"
#include "app/cluster_service.h"
#include "app/country_watch.h"
#include "app/direct_calls.h"
#include "app/directory_service.h"
#include "app/event_service.h"
#include "app/metrics_service.h"
#include "app/mount_files.h"
#include "app/page_cache.h"
#include "app/relay_service.h"
#include "app/station.h"
#include "app/worker.h"

namespace lb {

Services::Services(const Clock& clock_given, std::shared_ptr<const Config> first,
                   unsigned worker_count)
    : clock(clock_given),
      log(clock_given),
      config(first),
      files(std::make_shared<const StaticFiles>(static_files(*first, log))),
      http(std::make_shared<const HttpSettings>(http_settings(*first))),
      loops(worker_count, clock_given),
      beats(loops),
      tls(loops.clerk(), log),
      load(*this),
      throttle(clock_given),
      access(log),
      hooks(loops.clerk(), log),
      disk(worker_count + 2, clock_given),
      dumps(disk.loop(), log),
      started_wall(clock_given.wall()) {}

std::string Services::authority(const Config& config) {
  return config.hostname + ":" + std::to_string(config.port);
}

Services::~Services() = default;

std::uint64_t Services::people() const {
  std::int64_t people = counters.listeners.inside();
  const auto all = mounts.all();
  for (const auto& [name, mount] : *all) people -= mount->relays();
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, people));
}

PasswordSettings Services::passwords(const Config& config) {
  const AuthenticationSettings& from = config.authentication;
  return {from.source_password, from.admin_user, from.admin_password, from.relay_user,
          from.relay_password};
}

HttpSettings Services::http_settings(const Config& config) {
  HttpSettings settings;
  settings.server_id = config.server_id;
  settings.http_headers = config.http_headers;
  settings.header_timeout = config.limits.header_timeout;
  settings.client_timeout = config.limits.client_timeout;
  // Entries that can never match have been named by the configuration's checks.
  settings.trusted_proxies =
      AddressList::parse(config.paths.x_forwarded_for, [](std::size_t, const std::string&) {});
  return settings;
}

TlsSettings Services::tls_settings(const Config& config) {
  const PathSettings& paths = config.paths;
  const SecuritySettings& newer = config.security;
  TlsSettings settings{paths.ssl_certificate, paths.ssl_private_key, paths.ssl_allowed_ciphers};
  settings.certificates.insert(settings.certificates.end(), newer.tls_certificate.begin(),
                               newer.tls_certificate.end());
  settings.keys.insert(settings.keys.end(), newer.tls_key.begin(), newer.tls_key.end());
  if (settings.ciphers.empty()) settings.ciphers = newer.tls_allowed_ciphers;
  return settings;
}

StaticFiles Services::static_files(const Config& config, Log& log) {
  MimeTypes types;
  if (auto loaded = types.load(config.paths.mime_types); !loaded)
    log.warn("fserve/fserve_recheck_mime_types",
             loaded.error().what + "; the built-in types are used");
  return StaticFiles(config.paths.webroot, config.fileserve, std::move(types));
}

}  // namespace lb
