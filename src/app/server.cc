#include "app/server.h"

#include <pwd.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "app/audience/audience_service.h"
#include "app/certificates/certificate_orders.h"
#include "app/certificates/challenge_lookup.h"
#include "app/cluster/cluster_links.h"
#include "app/cluster/cluster_service.h"
#include "app/cluster/relay_service.h"
#include "app/external/external_service.h"
#include "app/handover/take_over.h"
#include "app/join/direct_calls.h"
#include "app/operate/conf_service.h"
#include "app/operate/record_service.h"
#include "app/operate/report_files.h"
#include "app/operate/usage_watch.h"
#include "app/pages/directory_service.h"
#include "app/pages/history_service.h"
#include "app/pages/picture_fetches.h"
#include "app/programs/dead_air_service.h"
#include "app/services/archive_service.h"
#include "app/services/event_service.h"
#include "app/services/hls_service.h"
#include "app/services/hours_service.h"
#include "app/services/login_service.h"
#include "app/services/picture_files.h"
#include "app/services/record_overlay.h"
#include "app/services/worker.h"
#include "app/topology/mount_lookup.h"
#include "auth/listener/authenticators.h"
#include "base/cat.h"
#include "http/connections.h"
#include "net/loop/loop_beats.h"
#include "net/tls/tls_keeper.h"
#include "stream/listener/loop_streams.h"
#include "stream/source/dump_writer.h"
#include "stream/source/source_set.h"

namespace lb {
namespace {

// How long a stopping server waits for backends that answer.
constexpr auto kFarewell = std::chrono::seconds(3);

// A process that takes over begins as the user of the previous one.  "": that is the right one.
std::string stays_its_user(const SecuritySettings& security) {
  if (security.user.empty() || security.group.empty()) return {};
  const struct passwd* const wanted = ::getpwnam(security.user.c_str());
  if (wanted == nullptr || wanted->pw_uid == ::getuid()) return {};
  return cat({"security/changeowner/user is ", security.user, ", and user ", ::getuid(),
              " of the previous process stays: needs restart"});
}

}  // namespace

Result<void> Server::bind() {
  if (!services_->loops.works())
    return Error::io("an event loop cannot be made, for want of descriptors (ulimit -n) or memory");
  const auto config = services_->config.read();
  // Only root may read the keys, in many installations.
  if (::geteuid() == 0 && !config->security.user.empty()) services_->tls->keep_copies();
  const std::vector<std::string> ordered = services_->certificates->files(*config);
  TlsSettings tls = Services::tls_settings(*config, ordered, nullptr);
  // The process before has given what was in use and has lost its file.
  for (const std::string& file : ordered)
    if (services_->tls->copies().contains(file) &&
        std::ranges::find(tls.certificates, file) == tls.certificates.end())
      tls.certificates.push_back(file);
  services_->tls->load(tls, state_directory(*config) + "/acme/");
  if (auto bound = services_->links->bind(*config); !bound)
    services_->log.error("connection/connection_setup_sockets",
                         bound.error().what + "; no node can be linked");
  const auto opened = sockets_.open(*config);
  if (opened) switches_.bind(*config, sockets_);
  return opened;
}

void Server::begin(std::unique_ptr<TakeOver> before) {
  before_ = std::move(before);
  // If it fails, each part with files there reports its own failure.
  if (const auto state = state_directory(*services_->config.read()); !state.empty())
    ::mkdir(state.c_str(), 0700);
  if (!std::exchange(records_begun_, true)) begin_records();
  const auto config = services_->config.read();
  // Tools search for Icecast's words in Icecast's form.
  services_->log.info("main/main", "Icecast 2.4.4 server started");
  services_->log.info("main/main", cat({"icecast-lb " LB_VERSION ", ", services_->loops.workers(),
                                        " workers, configuration ", config_path_}));
  if (const unsigned wanted = config->limits.threads;
      before_ && wanted > 0 && wanted != services_->loops.workers())
    services_->log.warn("main/main",
                        cat({"limits/threads is ", wanted, ", and the ", services_->loops.workers(),
                             " of the previous process stay: needs restart"}));
  if (const std::string why = stays_its_user(config->security); before_ && !why.empty())
    services_->log.warn("main/main", why);
  configure(config, Moment::kStart);
  services_->beats->start();
  services_->ready.store(true, std::memory_order_relaxed);
  services_->events->publish("start", node_name(*config), {{"version", LB_VERSION}});
  if (before_) go_on();
}

Result<void> Server::make_threads() {
  if (auto made = services_->loops.make(); !made) return made;
  for (IoThread* const thread : {&services_->disk, &services_->store_thread,
                                 &services_->pages_thread, &services_->stats_thread})
    if (auto made = thread->make(); !made) return made;
  return {};
}

void Server::run(bool announce, std::unique_ptr<TakeOver> before) {
  watch_signals();
  begin(std::move(before));
  services_->loops.begin();
  services_->disk.begin();
  services_->store_thread.begin();
  services_->pages_thread.begin();
  services_->stats_thread.begin();
  log_pause();
  log_writer_.emplace(services_->disk.loop());
  services_->log.write_by(
      [this](UniqueFunction<void()> work) { log_writer_->post(std::move(work)); });
  services_->login->write_audit_by([&disk = services_->disk.loop()](UniqueFunction<void()> work) {
    disk.post(std::move(work));
  });
  services_->hls->start();
  heap_trim_.start();
  std::string ports;
  for (const int port : sockets_.ports()) ports += cat({" ", port});
  if (announce) {
    const std::string line = cat({"icecast-lb ready: port", ports, "\n"});
    [[maybe_unused]] const auto n = ::write(STDOUT_FILENO, line.data(), line.size());
  }
  const auto ready = [this, ports] {
    notifier_.ready("serving on port" + ports);
    store_.keep(sockets_.open_sockets());
    watchdog_.start();
  };
  // The previous process must first report this one to the service manager.
  before_ ? before_->when_left(services_->loops.control(), ready) : ready();
  watch_stand_in();
  services_->loops.run();
  signals_.clear();
  services_->loops.join();
  services_->dumps->finish_all();
  services_->log.write_here();
  services_->disk.join();
  services_->store_thread.join();
  services_->archive->stop();
  services_->listenings->stop();
  services_->pages_thread.join();
  services_->stats_thread.join();
  services_->history->save();
  services_->login->stop();
  services_->log.info("main/main", "Shutting down");
}

void Server::watch_signals() {
  Loop& control = services_->loops.control();
  const auto watch = [&](int number, UniqueFunction<void(std::uint64_t)> act) {
    signals_.push_back(std::make_unique<SignalWatch>(control, number, std::move(act)));
  };
  const auto on = [&](int number, void (Server::*act)()) {
    watch(number, [this, act](std::uint64_t) { (this->*act)(); });
  };
  on(SIGHUP, &Server::reload);
  on(SIGUSR1, &Server::rotate_logs);
  watch(SIGUSR2, [this](std::uint64_t asker) { upgrade(asker); });
  on(SIGTERM, &Server::terminate);
  on(SIGINT, &Server::stop);
}

void Server::terminate() {
  const DrainOrder order = configured_drain(services_->config.read()->cluster);
  // A second TERM, or no configured drain: stop now.
  if (order.mode == DrainMode::kOff || services_->drain.picture()->then_exit) stop();
  // After a preStop the drain keeps its time.
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
  services_->external->stop();
  services_->conf->stop();
  services_->records->stop();
  services_->overlay->stop();
  services_->cluster->stop();
  services_->direct->stop();
  services_->relays->stop();
  services_->lookup->stop();
  services_->challenge_lookup->stop();
  services_->dead_air->stop();
  services_->hours->stop();
  services_->reports->stop();
  services_->usage->stop();
  services_->picture_fetches->stop();
  services_->picture_files->stop();
  services_->certificates->stop();
  services_->hls->end_oldest(std::numeric_limits<std::size_t>::max());
  services_->loops.gather<int>(
      [this](unsigned i) {
        Worker& worker = *services_->workers[i];
        worker.acceptors.clear();
        worker.streams->end_all(nullptr, EndReason::kShutdown);
        worker.sources->end_all(EndReason::kShutdown);
        worker.connections->end_all();
        return 0;
      },
      [this](const std::vector<int>&) {
        services_->directory->stop([this] {
          services_->auth->finish(kFarewell, [this] { services_->loops.stop_control(); });
        });
      });
}

}  // namespace lb
