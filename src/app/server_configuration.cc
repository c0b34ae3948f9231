// The configuration is read and passed to all parts, at the start and at each reload.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <span>
#include <utility>

#include "app/audience/audience_service.h"
#include "app/certificates/certificate_orders.h"
#include "app/cluster/cluster_links.h"
#include "app/cluster/cluster_service.h"
#include "app/cluster/ingest_service.h"
#include "app/cluster/relay_service.h"
#include "app/external/external_service.h"
#include "app/handover/handover.h"
#include "app/operate/conf_service.h"
#include "app/operate/mount_moves.h"
#include "app/operate/record_service.h"
#include "app/operate/report_files.h"
#include "app/operate/usage_watch.h"
#include "app/pages/directory_service.h"
#include "app/pages/heard_titles.h"
#include "app/pages/history_service.h"
#include "app/pages/picture_fetches.h"
#include "app/pages/station.h"
#include "app/programs/dead_air_service.h"
#include "app/request/auth_sections.h"
#include "app/server.h"
#include "app/services/archive_service.h"
#include "app/services/event_service.h"
#include "app/services/hours_service.h"
#include "app/services/login_service.h"
#include "app/services/mount_files.h"
#include "app/services/picture_files.h"
#include "app/services/record_overlay.h"
#include "app/services/tls_pumps.h"
#include "app/services/worker.h"
#include "app/topology/country_watch.h"
#include "base/cat.h"
#include "cluster/nodes/node.h"
#include "config/load/loader.h"
#include "http/connections.h"
#include "http/static_files.h"
#include "net/loop/loop.h"
#include "net/tls/tls_keeper.h"
#include "stream/listener/loop_streams.h"
#include "stream/source/source_admission.h"

namespace lb {
namespace {

constexpr std::chrono::seconds kFilePoll{10};

constexpr std::size_t kMaxPlanLines = 20;  // for one change of records

// Ends sources and waits of mounts that are suspended, and waits of mounts whose record is deleted.
// One that an external list no longer has may come back: its source goes on for the list's grace.
void end_closed_streams(Services& services, const Config& before, const Config& now,
                        std::span<const std::string> mounts) {
  for (const std::string& mount : mounts) {
    const MountSettings* was = named_section(before, mount);
    const MountSettings* is = named_section(now, mount);
    const bool suspended = is != nullptr && is->suspended;
    if (suspended) Worker::end_encoders(services, mount, EndReason::kKilled);
    const bool deleted = is == nullptr && was != nullptr && was->origin == MountOrigin::kStore;
    if (suspended || deleted) services.relays->closed(mount);
  }
}

std::string counted_changes(std::size_t n) { return cat({n, n == 1 ? " change" : " changes"}); }

}  // namespace

Result<void> Server::open_logs() { return services_->log.open(services_->config.read()->logging); }

void Server::reopen_logs() {
  services_->loops.clerk().post([this] {
    if (auto opened = open_logs(); !opened)
      services_->log.error("logging/reopen", opened.error().what);
    services_->login->reopen_audit();
  });
}

void Server::rotate_logs() {
  reopen_logs();
  if (handover_ && handover_->is_under_way()) handover_->reopen_when_over();
}

void Server::reload() {
  if (reloading_) {  // one at a time; the last file wins
    reload_again_ = true;
    return;
  }
  if (handover_ && handover_->is_under_way()) {
    services_->log.info("config/reload",
                        "an upgrade is under way; the configuration is read again behind it");
    reopen_logs();
    return handover_->reload_when_over();
  }
  reloading_ = true;
  notifier_.reloading(services_->clock.steady());
  services_->loops.clerk().post([this] {
    services_->loops.control().post(
        [this, loaded = load_config_file(config_path_, load_options_)] { reload_read(loaded); });
  });
}

void Server::reload_read(const Result<LoadedConfig>& loaded) {
  const bool usable = loaded && !loaded->refuses_start();
  if (!loaded)
    services_->log.error("config/reload",
                         cat({"Error parsing config file ", config_path_, ": ", loaded.error().what,
                              "; the old configuration stays"}));
  else if (!usable)
    for (const Diagnostic& d : loaded->diagnostics)
      services_->log.error("config/reload",
                           to_string(d, config_path_) + "; the old configuration stays");
  else
    for (const Diagnostic& d : loaded->diagnostics)
      services_->log.warn("config/reload", to_string(d, config_path_));
  if (usable) {
    std::vector<Change> late;
    auto file = keep_of_start(*services_->config.read(), loaded->config, late);
    for (const Change& change : late) services_->log.info("config/reload", to_string(change));
    return services_->overlay->set_file(std::move(file), [this] { reload_done(true); });
  }
  reopen_logs();  // apply() does too: logrotate sends HUP even with a bad file
  reload_done(false);
}

void Server::reload_done(bool applied) {
  reloading_ = false;
  ServerCounters& counters = services_->counters;
  (applied ? counters.reloads : counters.failed_reloads).fetch_add(1, std::memory_order_relaxed);
  reloaded(applied ? "configuration read again"
                   : "the configuration cannot be used, the old one stays; see the error log");
  const std::string result = applied ? "applied" : "refused";
  services_->events->publish("reload", node_name(*services_->config.read()), {{"result", result}});
  AuditEntry entry;
  entry.via = "signal";
  entry.action = "reload";
  entry.on = config_path_;
  entry.result = applied ? "ok" : "refused";
  services_->login->audit(std::move(entry));
  if (std::exchange(reload_again_, false)) reload();
}

// Puts the last process's records into force before a connection is accepted.
void Server::begin_records() {
  const auto config = services_->config.read();
  ConfService::Restored conf = services_->conf->restore(*config);
  auto copy = services_->external->restore(*config);
  RecordOverlay& overlay = *services_->overlay;
  const bool has_store = config->store.type != StoreType::kNone;
  if (has_store) overlay.await(RecordOverlay::kStore);
  if (!config->external.url.empty() && !copy) overlay.await(RecordOverlay::kExternal);
  if (!has_store && !config->masters.empty() && !conf.known) overlay.await(RecordOverlay::kMasters);
  MountRecords external =
      config->external.url.empty() ? std::move(conf.external) : copy.value_or(MountRecords());
  if (!external.empty() || !conf.records.empty())
    services_->config.publish(overlay.begin_with(std::move(conf.records), std::move(external)));
}

// Queued after the reopening of logs: at READY=1 the rotated logs are closed.
void Server::reloaded(std::string_view status) {
  services_->loops.clerk().post([this, status] {
    services_->loops.control().post([this, status] {
      if (reloading_ || stopping_) return;
      notifier_.ready(status);
      if (const auto asker = std::exchange(upgrade_next_, {})) handover_->start(*asker);
    });
  });
}

void Server::apply(const OverlayUpdate& update) {
  if (!update.whole) {
    apply_records(update);
    return;
  }
  const std::shared_ptr<const Config>& next = update.config;
  const auto before = services_->config.read();
  services_->config.publish(next);
  services_->http.publish(std::make_shared<const HttpSettings>(Services::http_settings(*next)));
  services_->files.publish(
      std::make_shared<const StaticFiles>(Services::static_files(*next, services_->log)));
  configure(next, Moment::kReload);
  services_->auth->forget_answers();
  services_->external->configured();
  std::vector<std::string> mounts;
  for (const auto all = services_->mounts.all(); const auto& [name, mount] : *all)
    mounts.push_back(name);
  end_closed_streams(*services_, *before, *next, mounts);  // records may have changed with the file
  end_moved_sources(*services_, *before, *next, mounts);
  reopen_logs();
  for (const Change& change : update.plan) services_->log.info("config/reload", to_string(change));
  services_->log.info("config/reload", cat({"configuration re-read from ", config_path_, ", ",
                                            counted_changes(update.plan.size())}));
}

// Only parts that keep state of single mounts are informed; all others look up sections when
// needed.
void Server::apply_records(const OverlayUpdate& update) {
  const auto before = services_->config.read();
  services_->config.publish(update.config);
  if (!update.config->book.stations.is_same(before->book.stations))
    services_->picture_fetches->stations_changed(*update.config);
  if (update.mounts.empty()) return;
  services_->admission->settings_changed(update.mounts);
  if (update.authenticators)
    services_->auth->configure(auth_sections(*update.config), auth_server(*update.config));
  if (update.files) services_->mount_files->configure(*update.config);
  if (update.relays) {
    services_->links->ingest().configure(*update.config);
    services_->relays->configure(*update.config);
  } else {
    // A stream that needs a password is pulled only where listeners are asked for one.
    services_->relays->streams_changed({update.mounts.begin(), update.mounts.end()});
  }
  for (const std::string& mount : update.mounts) {
    services_->dead_air->check(mount);
    services_->hours->check(mount);
    services_->heard_titles->changed(*update.config, mount);
  }
  end_closed_streams(*services_, *before, *update.config, update.mounts);
  services_->cluster->records_changed(update.mounts);
  services_->archive->records_changed(update.mounts);
  end_moved_sources(*services_, *before, *update.config, update.mounts);
  services_->links->records_changed(update.mounts);  // accepted sources depend on the records
  services_->external->configured();
  std::size_t lines = 0;
  for (const Change& change : update.plan) {
    if (++lines > kMaxPlanLines) break;
    services_->log.info("config/records", to_string(change));
  }
  const std::size_t mounts = update.mounts.size();
  services_->log.info("config/records",
                      (mounts == 1 ? "the record of 1 mount has changed, "
                                   : cat({"records of ", mounts, " mounts have changed, "})) +
                          counted_changes(update.plan.size()));
}

void Server::read_lists() {
  const auto config = services_->config.read();
  const PathSettings& paths = config->paths;
  services_->access->reload_changed({paths.deny_ip, paths.allow_ip, paths.deny_agents});
  services_->countries->read();
}

// Source: Icecast 2.4.4 (its lists and interval).  At the start the files are read at once, in a
// hand-over by prepare().
void Server::poll_files(Moment moment) {
  if (moment == Moment::kStart && !before_)
    read_lists();
  else
    services_->loops.clerk().post([this] { read_lists(); });
  file_timer_.after(coalesced(services_->loops.control(), kFilePoll));
}

// One order for the start and for a reload.  Parts that judge and serve a mount come before parts
// that bring its stream, so that a new relay meets the new settings, authenticator and fallback
// file.  The cluster comes before its links, which take the nodes from it, and the links before the
// relays, which fetch lists only from masters that are not linked.  Ports come last, so that no
// connection is accepted before all the others.
void Server::configure(const std::shared_ptr<const Config>& config, Moment moment) {
  struct Receiver {
    std::string_view name;
    void (*take)(Server& server, const std::shared_ptr<const Config>& config, Moment moment);
  };
  using Next = const std::shared_ptr<const Config>&;
  static constexpr Receiver kReceivers[] = {
      {"mounts",
       [](Server& s, Next, Moment now) {
         if (now == Moment::kReload) s.services_->admission->settings_changed();
       }},
      {"delivery", [](Server& s, Next next, Moment) { s.set_delivery(next->limits.delivery); }},
      {"files", [](Server& s, Next, Moment now) { s.poll_files(now); }},
      {"authenticators",
       [](Server& s, Next next, Moment) {
         s.services_->auth->configure(auth_sections(*next), auth_server(*next));
         if (!s.services_->auth->has_spool()) s.open_auth_spool();
       }},
      {"logins", [](Server& s, Next next,
                    Moment now) { s.services_->login->configure(*next, now == Moment::kStart); }},
      {"directories",
       [](Server& s, Next next, Moment) { s.services_->directory->configure(*next); }},
      {"mount files",
       [](Server& s, Next next, Moment now) {
         now == Moment::kStart ? s.services_->mount_files->begin(*next)
                               : s.services_->mount_files->configure(*next);
       }},
      {"archive", [](Server& s, Next next, Moment) { s.services_->archive->configure(*next); }},
      {"audience",
       [](Server& s, Next next, Moment now) {
         if (now == Moment::kStart) s.services_->listenings->start(*next);
       }},
      {"dead air", [](Server& s, Next, Moment) { s.services_->dead_air->configure(); }},
      {"pumps", [](Server& s, Next, Moment) { s.services_->pumps->configure(); }},
      {"hours", [](Server& s, Next, Moment) { s.services_->hours->configure(); }},
      {"certificates",
       [](Server& s, Next next, Moment) { s.services_->certificates->configure(*next); }},
      {"cluster", [](Server& s, Next next, Moment) { s.services_->cluster->configure(*next); }},
      {"links", [](Server& s, Next next, Moment) { s.services_->links->configure(*next); }},
      {"relays", [](Server& s, Next next, Moment) { s.services_->relays->configure(*next); }},
      {"pictures",
       [](Server& s, Next next, Moment now) {
         if (now == Moment::kStart) s.services_->picture_files->begin(*next);
         s.services_->picture_fetches->stations_changed(*s.services_->config.read());
       }},
      {"titles heard",
       [](Server& s, Next next, Moment now) {
         s.services_->heard_titles->configure(*next);
         if (now == Moment::kStart) s.services_->heard_titles->resume();
       }},
      {"history",
       [](Server& s, Next next, Moment now) {
         using Read = HistoryService::Read;
         s.services_->history->configure(*next, now == Moment::kReload ? Read::kNothing
                                                : s.before_            ? Read::kSoon
                                                                       : Read::kNow);
       }},
      {"usage", [](Server& s, Next next, Moment) { s.services_->usage->configure(*next); }},
      {"reports", [](Server& s, Next next, Moment) { s.services_->reports->configure(*next); }},
      {"external", [](Server& s, Next next, Moment) { s.services_->external->configure(*next); }},
      // The records are in force before the first connection is accepted.
      {"records",
       [](Server& s, Next next, Moment now) {
         if (now == Moment::kStart)
           s.services_->records->begin(*next, [server = &s] { server->begin_ports(); });
         else
           s.services_->records->reload();
       }},
      {"ports",
       [](Server& s, Next next, Moment now) {
         if (now == Moment::kReload) s.apply_ports(next);
       }},
  };
  for (const Receiver& receiver : kReceivers) {
    services_->log.debug("config/apply", cat({"configuration: ", receiver.name}));
    receiver.take(*this, config, moment);
  }
}

void Server::set_delivery(DeliveryCall call) {
  for (const auto& worker : services_->workers)
    worker->loop.post([w = worker.get(), call] { w->streams->set_delivery(call); });
}

// The ports were opened, and their certificates read, before privileges were dropped.
void Server::begin_ports() {
  sockets_.begin();
  switches_.begin();
  try_ports_again();
  services_->loops.clerk().post([this] {
    services_->tls->watch(TlsKeeper::kPollInterval, [this] {
      services_->loops.control().post([this] {
        if (stopping_) return;
        sockets_.certificate_came();
        store_.keep(sockets_.open_sockets());
        switches_.apply(*services_->config.read(), sockets_, ListenSockets::Attempt::kAgain);
      });
    });
  });
}

void Server::apply_ports(const std::shared_ptr<const Config>& config) {
  // Afterwards, as new sockets may need the new certificate.
  ++reading_certificates_;
  load_certificates(config, [this, config] {
    // A later reload does the rest, with its own certificates.
    if (--reading_certificates_ > 0) return;
    open_ports(ListenSockets::Attempt::kFirst);
    // Names in a certificate of the file are not ordered.
    services_->certificates->configure(*config);
  });
}

void Server::open_ports(ListenSockets::Attempt attempt) {
  const auto config = services_->config.read();
  const bool all = sockets_.apply(*config, attempt);
  store_.keep(sockets_.open_sockets());
  switches_.apply(*config, sockets_, attempt);
  try_ports_again();
  if (all) return;
  services_->loops.gather<bool>([](unsigned) { return true; },
                                [this](const auto&) {
                                  // Once they are read, the ports open in any case.
                                  if (!stopping_ && reading_certificates_ == 0)
                                    open_ports(ListenSockets::Attempt::kAgain);
                                });
}

void Server::try_ports_again() {
  if (sockets_.lacks_ports())
    port_timer_.after(coalesced(services_->loops.control(), ListenSockets::kTryAgain));
  else
    port_timer_.cancel();
}

void Server::load_certificates(const std::shared_ptr<const Config>& config,
                               std::function<void()> then) {
  services_->loops.clerk().post([this, config, ordered = services_->certificates->files(*config),
                                 then = std::move(then)]() mutable {
    const auto in_use = services_->tls->context();
    services_->tls->load(Services::tls_settings(*config, ordered, in_use.get()),
                         state_directory(*config) + "/acme/");
    services_->loops.control().post([this, then = std::move(then)] {
      if (!stopping_) then();
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
  // Events of the previous run are sent even without a configured backend.
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
    services_->log.info("auth/spool", cat({path, ": replaying listener_remove for ",
                                           opened->unheard, " listeners of the previous run"}));
}

}  // namespace lb
