// The life of a configuration: read, given to all that live by it, at the start and at each reload.
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "app/cluster/cluster_links.h"
#include "app/cluster/cluster_service.h"
#include "app/cluster/country_watch.h"
#include "app/cluster/relay_service.h"
#include "app/server.h"
#include "app/services/archive_service.h"
#include "app/services/dead_air_service.h"
#include "app/services/event_service.h"
#include "app/services/worker.h"
#include "app/stages/auth_stage.h"
#include "app/station/directory_service.h"
#include "app/station/mount_files.h"
#include "cluster/nodes/node.h"
#include "config/reload.h"

namespace lb {

Result<void> Server::open_logs() { return services_->log.open(services_->config.read()->logging); }

void Server::reopen_logs() {
  services_->loops.clerk().post([this] {
    if (auto opened = open_logs(); !opened)
      services_->log.error("logging/reopen", opened.error().what);
  });
}

void Server::reload() {
  if (reloading_) {  // one at a time; the last file wins
    reload_again_ = true;
    return;
  }
  reloading_ = true;
  notifier_.reloading(services_->clock.steady());
  services_->loops.clerk().post([this] {
    auto loaded =
        std::make_shared<Result<LoadedConfig>>(load_config_file(config_path_, load_options_));
    services_->loops.control().post([this, loaded] {
      const bool usable = *loaded && !(*loaded)->refuses_start();
      reloading_ = false;
      ServerCounters& counters = services_->counters;
      (usable ? counters.reloads : counters.failed_reloads).fetch_add(1, std::memory_order_relaxed);
      if (!*loaded)
        services_->log.error("config/reload", "Error parsing config file " + config_path_ + ": " +
                                                  loaded->error().what +
                                                  "; the old configuration stays");
      else if ((*loaded)->refuses_start())
        for (const Diagnostic& d : (*loaded)->diagnostics)
          services_->log.error("config/reload",
                               to_string(d, config_path_) + "; the old configuration stays");
      else
        apply(std::move(**loaded));
      if (!usable)
        reopen_logs();  // apply() does too: logrotate sends HUP, whether the file is usable or not
      reloaded(usable ? "configuration read again"
                      : "the configuration cannot be used, the old one stays; see the error log");
      services_->events->publish("reload", node_name(*services_->config.read()),
                                 {{"result", usable ? "applied" : "refused"}});
      if (std::exchange(reload_again_, false)) reload();
    });
  });
}

// Queued behind the log reopen: after READY=1 the rotated logs are closed.
void Server::reloaded(std::string_view status) {
  services_->loops.clerk().post([this, status] {
    services_->loops.control().post([this, status] {
      if (!reloading_ && !stopping_) notifier_.ready(status);
    });
  });
}

void Server::apply(LoadedConfig next) {
  const auto before = services_->config.read();
  for (const Diagnostic& d : next.diagnostics)
    services_->log.warn("config/reload", to_string(d, config_path_));
  services_->config.publish(next.config);
  services_->http.publish(
      std::make_shared<const HttpSettings>(Services::http_settings(*next.config)));
  services_->files.publish(
      std::make_shared<const StaticFiles>(Services::static_files(*next.config, services_->log)));
  configure(next.config, Moment::kReload);
  reopen_logs();
  const auto plan = reload_plan(*before, *next.config);
  for (const Change& change : plan) services_->log.info("config/reload", to_string(change));
  services_->log.info("config/reload", "configuration re-read from " + config_path_ + ", " +
                                           std::to_string(plan.size()) + " changes");
}

// One order for the start and for a reload.  What judges and serves a mount comes before what
// brings its stream: a relay that begins meets the new settings, authenticator and fallback file.
// The cluster comes before its links, which take the nodes from it, and the links before the
// relays, which ask only those masters for lists that are not linked.  Ports come last: no
// connection is taken before all of these know what it is entitled to.
void Server::configure(const std::shared_ptr<const Config>& config, Moment moment) {
  struct Receiver {
    std::string_view name;
    void (*take)(Server& server, const std::shared_ptr<const Config>& config, Moment moment);
  };
  using Next = const std::shared_ptr<const Config>&;
  static constexpr Receiver kReceivers[] = {
      {"mounts", [](Server& s, Next, Moment) { s.services_->admission->settings_changed(); }},
      {"delivery", [](Server& s, Next next, Moment) { s.set_delivery(next->limits.delivery); }},
      {"access lists",
       [](Server& s, Next, Moment now) {
         now == Moment::kStart ? s.access_watch_->begin() : s.access_watch_->poll();
       }},
      {"countries",
       [](Server& s, Next, Moment now) {
         now == Moment::kStart ? s.services_->countries->begin() : s.services_->countries->look();
       }},
      {"authenticators",
       [](Server& s, Next next, Moment) {
         s.services_->auth->configure(auth_sections(*next), auth_server(*next));
         if (!s.services_->auth->has_spool()) s.open_auth_spool();
       }},
      {"directories",
       [](Server& s, Next next, Moment) { s.services_->directory->configure(*next); }},
      {"mount files",
       [](Server& s, Next next, Moment) { s.services_->mount_files->configure(*next); }},
      {"archive", [](Server& s, Next next, Moment) { s.services_->archive->configure(*next); }},
      {"dead air", [](Server& s, Next, Moment) { s.services_->dead_air->configure(); }},
      {"cluster", [](Server& s, Next next, Moment) { s.services_->cluster->configure(*next); }},
      {"links", [](Server& s, Next next, Moment) { s.services_->links->configure(*next); }},
      {"relays", [](Server& s, Next next, Moment) { s.services_->relays->configure(*next); }},
      {"ports", [](Server& s, Next next,
                   Moment now) { now == Moment::kStart ? s.begin_ports() : s.apply_ports(next); }},
  };
  for (const Receiver& receiver : kReceivers) {
    services_->log.debug("config/apply", "configuration: " + std::string(receiver.name));
    receiver.take(*this, config, moment);
  }
}

void Server::set_delivery(DeliveryCall call) {
  for (const auto& worker : services_->workers)
    worker->loop.post([w = worker.get(), call] { w->streams.set_delivery(call); });
}

// They were opened, and their certificates read, before privileges were dropped.
void Server::begin_ports() {
  sockets_.begin();
  switches_.begin();
  services_->loops.clerk().post([this] {
    services_->tls.watch(TlsKeeper::kPollInterval, [this] {
      services_->loops.control().post([this] {
        if (stopping_) return;
        sockets_.certificate_came();
        switches_.apply(*services_->config.read(), sockets_);
      });
    });
  });
}

void Server::apply_ports(const std::shared_ptr<const Config>& config) {
  services_->loops.clerk().post([this, config] {
    services_->tls.load(Services::tls_settings(*config));
    // Only now: new sockets may wait for the new certificate.
    services_->loops.control().post([this, config] {
      if (stopping_) return;
      sockets_.apply(*config);
      switches_.apply(*config, sockets_);
    });
  });
}

void Server::open_auth_spool() {
  const auto config = services_->config.read();
  std::string path = config->paths.auth_spool;
  if (path.empty() && !config->paths.logdir.empty()) path = config->paths.logdir + "/auth.spool";
  const auto sections = auth_sections(*config);
  const bool wanted = std::any_of(sections.begin(), sections.end(), [](const AuthSection& section) {
    return !auth_option(section.options, "listener_remove").empty();
  });
  // Events of the previous run are sent even if no backend is configured any more.
  if (path.empty() || (!wanted && ::access(path.c_str(), F_OK) != 0)) return;
  const auto opened = services_->auth->open_spool(path);
  if (!opened) {
    services_->log.error(
        "auth/spool",
        opened.error().what + "; listener_remove events will be lost if the server is killed");
    return;
  }
  services_->next_client_id =
      std::max(services_->next_client_id.load(), opened->highest_client_id + 1);
  if (opened->unheard > 0)
    services_->log.info("auth/spool", path + ": replaying listener_remove for " +
                                          std::to_string(opened->unheard) +
                                          " listeners of the previous run");
}

}  // namespace lb
