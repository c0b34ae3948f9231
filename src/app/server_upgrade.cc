// The server between two processes: takes over its state, and checks whether it can be replaced.
#include <sys/socket.h>

#include <chrono>
#include <utility>

#include "admin/feed/stats_feed.h"
#include "app/certificates/certificate_orders.h"
#include "app/cluster/cluster_links.h"
#include "app/cluster/node_links.h"
#include "app/cluster/relay_service.h"
#include "app/handover/handover.h"
#include "app/handover/take_over.h"
#include "app/operate/live_service.h"
#include "app/operate/usage_watch.h"
#include "app/pages/directory_service.h"
#include "app/pages/history_service.h"
#include "app/pages/now_feeds.h"
#include "app/process/free_memory.h"
#include "app/server.h"
#include "app/services/event_service.h"
#include "app/services/mount_files.h"
#include "app/services/picture_files.h"
#include "app/services/services.h"
#include "base/cat.h"
#include "net/tls/tls_keeper.h"
#include "stream/mount/mount.h"

namespace lb {

// Records must be in force before their mounts exist.  All is read while the previous process
// serves.
void Server::prepare(TakeOver& before) {
  before.prepare(*services_);
  if (!std::exchange(records_begun_, true)) begin_records();
  before.prepare_records(*services_);
  before.prepare_titles(*services_);
  // Behind GO all listeners would wait for them.
  const auto config = services_->config.read();
  read_lists();
  services_->mount_files->prepare(*config);
  services_->picture_files->prepare(*config);
  services_->usage->prepare(*config);
}

Result<void> Server::take_over(TakeOver& before) {
  auto taken = before.restore(*services_);
  if (!taken) return taken;
  services_->metrics->restore(before.counts());
  services_->directory->restore(before.listings());
  return taken;
}

void Server::take_sockets(std::vector<ListenSockets::Handed> sockets,
                          std::pair<UniqueFd, int> cluster_port,
                          std::vector<ListenSockets::Handed> switch_ports,
                          FileCopies certificates) {
  services_->tls->take_copies(std::move(certificates));
  for (const ListenSockets::Handed& one : sockets)
    store_.has(store_name(one.wanted_port, one.bind_address));
  sockets_.take(std::move(sockets));
  switches_.take(std::move(switch_ports));
  services_->links->nodes().take(std::move(cluster_port.first), cluster_port.second);
}

const std::string& Server::why_no_certificate() const { return services_->tls->why_none(); }

std::string Server::why_lost_certificate(const std::vector<std::string>& in_use) const {
  return services_->tls->why_lost(in_use);
}

void Server::may_hand_over(HandoverPlan plan, Standing standing) {
  plan.obstacle = [this] { return upgrade_obstacle(); };
  plan.lack = [] { return why_no_second_process(); };
  plan.reload = [this] { reload(); };
  plan.switch_ports = [this] { return switches_.share(); };
  plan.certificates = [this] { return services_->certificates->in_use(); };
  plan.counts = [this] { return services_->metrics->save(); };
  plan.listings = [this] { return services_->directory->save(); };
  plan.adds_listings = [this] { return services_->directory->adds(); };
  plan.end_readers = [this] {
    services_->events->stream().end_readers();
    services_->stats_feed->end_followers();
    services_->now_feeds->end_readers();
    services_->live->end_readers();
  };
  plan.write_charts = [this](std::function<void()> then) {
    services_->history->save(std::move(then));
  };
  plan.store = store_.places();
  handover_ = std::make_unique<Handover>(*services_, sockets_, notifier_, std::move(plan),
                                         std::move(standing));
}

void Server::go_on() {
  services_->relays->programs().go_on();
  services_->relays->handed().go_on();
  before_->cluster_goes_on(*services_);
  for (const std::string& name : before_->mounts())
    if (const auto mount = services_->mounts.find(name)) {
      mount_taken_over(mount);
      if (mount->phase() == MountPhase::kLingering)
        services_->relays->mount_taken_over(name);
      else if (mount->facts()->relayed)
        services_->relays->settle(name);
    }
  services_->links->all_goes_on();
  before_->go_on(*services_, sockets_);
  services_->relays->find_away_soon();
}

// What the previous process logs ends at GO.
void Server::log_pause() const {
  if (!before_ || before_->paused() == SteadyTime{}) return;
  const auto paused = std::chrono::duration_cast<std::chrono::milliseconds>(
      services_->clock.steady() - before_->paused());
  services_->log.info("app/handover",
                      cat({"all goes on, ", paused.count(), " ms after the pause began"}));
}

// If the stand-in is killed by a signal that cannot be caught, the server ends too.
void Server::watch_stand_in() {
  if (!handover_ || !handover_->standing().stand_in) return;
  stand_in_watch_.start<&Server::on_stand_in>(services_->loops.control(),
                                              handover_->standing().stand_in.get(), EV_READ, this);
}

void Server::on_stand_in(short) {
  stand_in_watch_.stop();
  services_->log.error("app/handover",
                       "the process that stands in for this server has ended; the server ends too");
  stop();
}

void Server::upgrade(std::uint64_t asker) {
  if (!handover_) return;
  // A USR2 right behind a HUP means both.
  if (reloading_ && !stopping_ && (!upgrade_next_ || upgrade_next_ == asker))
    upgrade_next_ = asker;
  else
    handover_->start(asker);
}

std::string Server::upgrade_obstacle() const {
  if (stopping_) return "the server ends";
  if (reloading_) return "the configuration is read again at this moment";
  if (services_->drain.draining())
    return "the server is draining: cancel that (/admin/undrain), or let it end";
  return {};
}

}  // namespace lb
