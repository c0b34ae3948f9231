#include "app/server.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <limits>
#include <thread>
#include <utility>

#include "admin/stats_feed.h"
#include "app/auth_stage.h"
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
#include "config/reload.h"

namespace lb {
namespace {

constexpr unsigned kMostWorkers = 64;  // a Channel has a bit for each

// How long a stopping server waits for backends that answer.
constexpr auto kFarewell = std::chrono::seconds(3);

unsigned worker_count(const LimitSettings& limits) {
  const unsigned wanted = limits.threads > 0 ? limits.threads : std::thread::hardware_concurrency();
  return std::clamp(wanted, 1u, kMostWorkers);
}

EventService::Details source_details(const Mount& mount) {
  const auto facts = mount.facts();
  return {{"type", facts->content_type},
          {"address", facts->source_ip},
          {"user-agent", facts->user_agent},
          {"relay", facts->relayed ? "1" : "0"}};
}

}  // namespace

Server::Server(const Clock& clock, std::string config_path, LoadOptions load_options,
               LoadedConfig first, ServiceManager manager)
    : config_path_(std::move(config_path)),
      load_options_(load_options),
      services_(
          std::make_unique<Services>(clock, first.config, worker_count(first.config->limits))),
      sockets_(*services_, std::move(manager.sockets)),
      switches_(*services_),
      notifier_(manager.notify_socket),
      watchdog_(services_->loops, notifier_, manager.watchdog) {
  Services& services = *services_;
  services.station = std::make_unique<ServerStation>(services);
  services.stats_feed = std::make_unique<StatsFeed>(services.loops.control(), *services.station);
  services.countries = std::make_unique<CountryWatch>(services);
  services.directory = std::make_unique<DirectoryService>(services);
  services.events = std::make_unique<EventService>(services);
  services.metrics = std::make_unique<MetricsService>(services);
  services.mount_files = std::make_unique<MountFiles>(services);
  services.pages = std::make_unique<PageCache>(services);
  services.fetcher = std::make_unique<Fetcher>(services.loops.control());
  services.auth = std::make_unique<Authenticators>(
      services.loops.control(), services.loops.clerk(), services.log, *services.fetcher,
      [&services](const std::string&, std::uint64_t client) {
        // It may have moved to another mount since.
        for (const auto& worker : services.workers)
          worker->loop.post([w = worker.get(), client, mounts = services.mounts.all()] {
            for (const auto& [name, mount] : *mounts) w->streams.kill(*mount, client);
          });
      });
  access_watch_ = std::make_unique<AccessWatch>(services);
  services.admission = std::make_unique<SourceAdmission>(services.loops.control(), services.mounts,
                                                         services.log, services.loops.workers(),
                                                         admission_doors(), Rng::from_entropy());
  services.relays = std::make_unique<RelayService>(services);
  services.cluster = std::make_unique<ClusterService>(services);
  services.links = std::make_unique<ClusterLinks>(services);
  services.direct = std::make_unique<DirectCalls>(services);
  services.drainer = std::make_unique<Drain>(services.loops.control(), services.log, services.drain,
                                             drain_doors());
  services.drain.on_change([&services](const DrainPicture& now) {
    services.cluster->drain_changed();
    services.links->drain_changed();
    services.relays->drain_changed();
    const std::string node = node_name(*services.config.read());
    if (now.mode == DrainMode::kOff)
      services.events->publish("undrain", node);
    else
      services.events->publish(
          now.empty ? "drained" : "drain", node,
          {{"mode", std::string(to_text(now.mode))}, {"exit", now.then_exit ? "1" : "0"}});
  });
  for (unsigned i = 0; i < services.loops.workers(); ++i)
    services.workers.push_back(std::make_unique<Worker>(services, i));
}

SourceAdmission::Doors Server::admission_doors() {
  Services& services = *services_;
  SourceAdmission::Doors doors;
  doors.settings = [&services](std::string_view mount) {
    return std::make_shared<const MountSettings>(mount_settings(*services.config.read(), mount));
  };
  doors.linger = [&services](const Mount& mount, WriterKind kind, EndReason reason) {
    return services.relays->linger(mount, kind, reason);
  };
  doors.wake = [&services](Channel::Loops loops, const std::shared_ptr<Mount>& mount) {
    Worker::wake(services, loops, mount);
  };
  doors.revoke = [&services](unsigned home, std::uint64_t lease, std::chrono::milliseconds silence,
                             UniqueFunction<void(bool)> then) {
    Worker& worker = *services.workers[home];
    worker.loop.post([&services, &worker, lease, silence, then = std::move(then)]() mutable {
      const bool ended = worker.sources.replace_if_silent(lease, silence);
      services.loops.control().post([ended, then = std::move(then)]() mutable { then(ended); });
    });
  };
  doors.look = [&services](unsigned home, std::uint64_t lease, UniqueFunction<void(bool)> then) {
    Worker& worker = *services.workers[home];
    worker.loop.post([&services, &worker, lease, then = std::move(then)]() mutable {
      const bool ended = worker.sources.has_ended(lease);
      services.loops.control().post([ended, then = std::move(then)]() mutable { then(ended); });
    });
  };
  doors.begun = [this](const std::shared_ptr<Mount>& mount) { source_begun(mount); };
  doors.ended = [this](const std::shared_ptr<Mount>& mount) { source_ended(mount); };
  return doors;
}

Drain::Doors Server::drain_doors() {
  Services& services = *services_;
  Drain::Doors doors;
  doors.listeners = [&services] { return services.people(); };
  doors.close_oldest = [&services](std::uint64_t most) {
    services.loops.gather<std::size_t>(
        [&services](unsigned i) { return services.workers[i]->streams.people(); },
        [&services, most](const std::vector<std::size_t>& here) {
          // Each worker its share, the rounding carried on to the next.
          std::uint64_t all = 0, seen = 0, given = 0;
          for (const std::size_t n : here) all += n;
          for (unsigned i = 0; i < here.size() && all > 0; ++i) {
            seen += here[i];
            const std::uint64_t until_here = std::min(most, all) * seen / all;
            services.workers[i]->loop.post([w = services.workers[i].get(), n = until_here - given] {
              w->streams.end_oldest(n, EndReason::kMoved);
            });
            given = until_here;
          }
        });
  };
  doors.close_all = [&services] {
    for (const auto& worker : services.workers)
      worker->loop.post([w = worker.get()] {
        w->streams.end_oldest(std::numeric_limits<std::size_t>::max(), EndReason::kMoved);
      });
  };
  doors.exit = [this] { stop(); };
  return doors;
}

Result<void> Server::bind() {
  const auto config = services_->config.read();
  // Keys are often readable for root only.
  services_->tls.load(Services::tls_settings(*config));
  if (auto bound = services_->links->bind(*config); !bound)
    services_->log.error("connection/connection_setup_sockets",
                         bound.error().what + "; no node can be linked");
  const auto opened = sockets_.open(*config);
  if (opened) switches_.bind(*config, sockets_);
  return opened;
}

Result<void> Server::open_logs() { return services_->log.open(services_->config.read()->logging); }

void Server::run(bool announce) {
  const auto config = services_->config.read();
  watch_signals();
  access_watch_->begin();
  services_->countries->begin();
  services_->auth->configure(auth_sections(*config), auth_server(*config));
  open_auth_spool();
  sockets_.begin();
  switches_.begin();
  services_->loops.clerk().post([this] {
    services_->tls.watch(TlsKeeper::kLookInterval, [this] {
      services_->loops.control().post([this] {
        if (stopping_) return;
        sockets_.certificate_came();
        switches_.apply(*services_->config.read(), sockets_);
      });
    });
  });
  services_->loops.start();
  services_->disk.start();
  services_->directory->configure(*config);
  services_->mount_files->configure(*config);
  // Tools look for Icecast's words in Icecast's form.
  services_->log.info("main/main", "Icecast 2.4.4 server started");
  services_->log.info("main/main", "icecast-lb " LB_VERSION ", " +
                                       std::to_string(services_->loops.workers()) +
                                       " workers, configuration " + config_path_);
  services_->cluster->configure(*config);
  services_->links->configure(*config);
  services_->relays->configure(*config);
  std::string ports;
  for (const int port : sockets_.ports()) ports += " " + std::to_string(port);
  services_->beats.start();
  services_->ready.store(true, std::memory_order_relaxed);
  services_->events->publish("start", node_name(*config), {{"version", LB_VERSION}});
  if (announce) {
    const std::string line = "icecast-lb ready: port" + ports + "\n";
    [[maybe_unused]] const auto n = ::write(STDOUT_FILENO, line.data(), line.size());
  }
  notifier_.ready("serving on port" + ports);
  watchdog_.start();
  services_->loops.run();
  signals_.clear();
  services_->loops.join();
  services_->dumps.finish_all();
  services_->disk.join();
  services_->log.info("main/main", "Shutting down");
}

void Server::watch_signals() {
  ::signal(SIGPIPE, SIG_IGN);
  Loop& control = services_->loops.control();
  const auto on = [&](int number, void (Server::*act)()) {
    signals_.push_back(
        std::make_unique<SignalWatch>(control, number, [this, act] { (this->*act)(); }));
  };
  on(SIGHUP, &Server::reload);
  on(SIGUSR1, &Server::reopen_logs);
  on(SIGTERM, &Server::terminate);
  on(SIGINT, &Server::stop);
}

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
        reopen_logs();  // apply() does too: whoever rotates logs sends HUP, whatever the file is
                        // like
      reloaded(usable ? "configuration read again"
                      : "the configuration cannot be used, the old one stays; see the error log");
      services_->events->publish("reload", node_name(*services_->config.read()),
                                 {{"result", usable ? "applied" : "refused"}});
      if (std::exchange(reload_again_, false)) reload();
    });
  });
}

// Behind the logs' turn on the clerk, so that who waits for it may compress the old ones.
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
  services_->admission->settings_changed();
  services_->cluster->configure(*next.config);
  services_->links->configure(*next.config);
  services_->relays->configure(*next.config);
  services_->auth->configure(auth_sections(*next.config), auth_server(*next.config));
  if (!services_->auth->has_spool()) open_auth_spool();
  access_watch_->look();
  services_->countries->look();
  services_->directory->configure(*next.config);
  services_->mount_files->configure(*next.config);
  for (const auto& worker : services_->workers)
    worker->loop.post(
        [w = worker.get(), call = next.config->limits.delivery] { w->streams.set_delivery(call); });
  services_->loops.clerk().post([this, config = next.config] {
    services_->tls.load(Services::tls_settings(*config));
    // Only now: new sockets may wait for the new certificate.
    services_->loops.control().post([this, config] {
      if (stopping_) return;
      sockets_.apply(*config);
      switches_.apply(*config, sockets_);
    });
  });
  reopen_logs();
  const auto plan = reload_plan(*before, *next.config);
  for (const Change& change : plan) services_->log.info("config/reload", to_string(change));
  services_->log.info("config/reload", "configuration re-read from " + config_path_ + ", " +
                                           std::to_string(plan.size()) + " changes");
}

void Server::open_auth_spool() {
  const auto config = services_->config.read();
  std::string path = config->paths.auth_spool;
  if (path.empty() && !config->paths.logdir.empty()) path = config->paths.logdir + "/auth.spool";
  const auto sections = auth_sections(*config);
  const bool wanted = std::any_of(sections.begin(), sections.end(), [](const AuthSection& section) {
    return !auth_option(section.options, "listener_remove").empty();
  });
  // What the last run has left behind is told even if nobody is asked any more.
  if (path.empty() || (!wanted && ::access(path.c_str(), F_OK) != 0)) return;
  const auto opened = services_->auth->open_spool(path);
  if (!opened) {
    services_->log.error(
        "auth/spool",
        opened.error().what + "; if the server is killed, backends miss ends of listeners");
    return;
  }
  services_->next_client_id =
      std::max(services_->next_client_id.load(), opened->highest_client_id + 1);
  if (opened->unheard > 0)
    services_->log.info("auth/spool", path + ": the ends of " + std::to_string(opened->unheard) +
                                          " listeners of the last run are told to their backends");
}

void Server::run_hook(const std::string& program, const Mount& mount, std::string_view trigger) {
  if (program.empty()) return;
  const auto config = services_->config.read();
  const auto facts = mount.facts();
  HookEvent event{program, mount.name(), "mount " + mount.name(), {}};
  const auto tell = [&event](const char* name, std::string_view value) {
    event.environment.emplace_back(name, std::string(value));
  };
  tell("ICECAST_VERSION", config->server_id);
  tell("ICECAST_HOSTNAME", config->hostname);
  tell("ICECAST_ADMIN", config->admin);
  tell("ICECAST_LOGDIR", config->paths.logdir);
  tell("EVENT_TRIGGER", trigger);
  tell("SOURCE_ACTION", trigger);
  tell("EVENT_URI", mount.name());
  tell("SOURCE_MEDIA_TYPE", facts->content_type);
  tell("CLIENT_IP", facts->source_ip);
  tell("CLIENT_USERAGENT", facts->user_agent);
  services_->hooks.run(std::move(event));
}

void Server::source_ended(const std::shared_ptr<Mount>& mount) {
  services_->links->mounts_changed();
  services_->relays->mount_ended(*mount);
  services_->events->publish("source-disconnect", mount->name(), source_details(*mount));
  services_->auth->mount_ended(mount_section(*services_->config.read(), mount->name()).name,
                               mount->name());
  run_hook(mount->settings()->on_disconnect, *mount, "source-disconnect");
}

void Server::source_begun(const std::shared_ptr<Mount>& mount) {
  services_->links->mounts_changed();
  services_->relays->mount_begun(*mount);
  services_->events->publish("source-connect", mount->name(), source_details(*mount));
  services_->auth->mount_begun(mount_section(*services_->config.read(), mount->name()).name,
                               mount->name());
  const auto settings = mount->settings();
  run_hook(settings->on_connect, *mount, "source-connect");
  if (!settings->dump_file.empty()) services_->dumps.begin(mount, settings->dump_file);
  if (!mount->settings()->fallback_override) return;
  for (const auto& worker : services_->workers)
    worker->loop.post([w = worker.get(), mount] { w->streams.bring_home(mount); });
}

void Server::terminate() {
  const DrainOrder order = configured_drain(services_->config.read()->cluster);
  // The second one, or nothing said about it: now.
  if (order.mode == DrainMode::kOff || services_->drain.picture()->then_exit) stop();
  // After a preStop: its time is not given once more.
  else if (services_->drain.draining())
    services_->drainer->exit_at_its_end();
  else
    services_->drainer->begin(order);
}

void Server::stop() {
  if (std::exchange(stopping_, true)) return;
  services_->links->stop("shutdown");
  notifier_.stopping();
  services_->events->publish("stop", node_name(*services_->config.read()));
  services_->relays->leave([this] { end_all(); });
}

void Server::end_all() {
  services_->cluster->stop();
  services_->direct->stop();
  services_->relays->stop();
  services_->loops.gather<int>(
      [this](unsigned i) {
        Worker& worker = *services_->workers[i];
        worker.acceptors.clear();
        worker.streams.end_all(nullptr, EndReason::kShutdown);
        worker.sources.end_all(EndReason::kShutdown);
        worker.connections.end_all();
        return 0;
      },
      [this](const std::vector<int>&) {
        services_->directory->stop([this] {
          services_->auth->finish(kFarewell, [this] { services_->loops.stop_control(); });
        });
      });
}

}  // namespace lb
