#include "app/cluster/relay_service.h"

#include <algorithm>
#include <utility>

#include "app/cluster/cluster_links.h"
#include "app/cluster/cluster_service.h"
#include "app/cluster/master_links.h"
#include "app/services/worker.h"
#include "app/topology/cluster_plans.h"
#include "app/topology/mount_homes.h"
#include "app/topology/mount_lookup.h"
#include "base/cat.h"
#include "cluster/nodes/names.h"
#include "cluster/polling/master_watch.h"
#include "cluster/polling/stream_list.h"
#include "cluster/relay/pull_mark.h"
#include "cluster/relay/relay.h"
#include "config/settings/config.h"
#include "net/loop/loop.h"
#include "net/tls/tls_connect.h"
#include "stream/listener/fallback_chain.h"
#include "stream/listener/loop_streams.h"
#include "stream/source/source_admission.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr ParkedRequests::Limits kMaxParked{.keys = 65'536, .of_key = 4096, .all = 262'144};
constexpr auto kBackAfter = 1s;
constexpr auto kLookForAway = 2s;
// Numbers of checks, every kLookForAway.
constexpr unsigned kLooksUntilRaced = 2, kLooksAtHome = 4;

bool wants_tls(const Config& config) {
  const auto masters = master_plans(config);
  const auto relays = relay_plans(config);
  // A list may name an https upstream at any time, and so may a record, when a chroot prevents
  // loading.
  const bool records = config.store.type != StoreType::kNone || !config.masters.empty();
  return !config.external.url.empty() || (config.security.chroot && records) ||
         std::any_of(masters.begin(), masters.end(),
                     [](const MasterPlan& plan) { return plan.target.tls; }) ||
         std::any_of(relays.begin(), relays.end(), [](const RelayPlan& plan) {
           return std::any_of(plan.upstreams.begin(), plan.upstreams.end(),
                              [](const Upstream& upstream) { return upstream.target.tls; });
         });
}

// Of this mount, for its master.
MasterWatch::Flow flow_of(const RelayService& relays, const MountTable& mounts,
                          const std::string& mount) {
  using Flow = MasterWatch::Flow;
  const Relay* relay = relays.relay_of(mount);
  if (relay == nullptr) return Flow::kNever;
  const auto found = mounts.find(mount);
  const bool lingers = found && found->phase() == MountPhase::kLingering;
  if (relay->flows() || (lingers && relay->has_flowed())) return Flow::kFlows;
  return relay->has_flowed() && !relay->plan().on_demand ? Flow::kEnded : Flow::kNever;
}

}  // namespace

RelayService::RelayService(Network& network)
    : network_(network),
      rng_(Rng::from_entropy()),
      resolver_(network.loops.control()),
      connector_(network.loops.control(), resolver_,
                 [this](Loop& loop, std::unique_ptr<Transport> plain, const std::string& host,
                        Connector::Then then) {
                   return make_tls(loop, std::move(plain), host, std::move(then), false);
                 }),
      programs_(network),
      handed_(network),
      report_timer_(network.loops.control(), [this] { report_unable(); }),
      parked_(network.loops.control(), kMaxParked,
              {[this](const ParkedRequest& request, WaitOutcome outcome) {
                 Worker::resume(network_, request, outcome);
               },
               [this](const std::string& mount) { release(mount, WaitOutcome::kNever); }}),
      fill_timer_(network.loops.control(), [this] { find_filled(); }),
      check_timer_(network.loops.control(), [this] { find_away(); }),
      choose_(network.loops.control(), [this] { choose_some(); }),
      relays_(*this) {
  check_timer_.after(kLookForAway);
  if (wants_tls(*network.config.read())) load_roots();  // out of reach after a chroot
}

RelayService::~RelayService() = default;

std::unique_ptr<Underway> RelayService::make_tls(Loop& loop, std::unique_ptr<Transport> plain,
                                                 const std::string& host, Connector::Then then,
                                                 bool only_13) {
  if (!roots_) load_roots();
  return make_tls_with(roots_, only_13)(loop, std::move(plain), host, std::move(then));
}

void RelayService::load_roots() {
  roots_file_ = network_.config.read()->paths.ssl_cafile;
  auto context = TlsClientContext::load(roots_file_);
  if (context)
    roots_ = std::move(*context);
  else
    network_.log.error("relay/tls", context.error().what);
}

void RelayService::configure(const Config& config) {
  if (stopped_) return;
  configured_ = relay_plans(config);
  std::erase_if(configured_, [this](const RelayPlan& plan) {
    if (may_be_relayed_as(plan.local_mount)) return false;
    network_.log.error("relay/relay", cat({"relay ", plan.local_mount,
                                           ": the mount name is not allowed; it is left out"}));
    return true;
  });
  configured_at_.clear();
  for (std::size_t i = 0; i < configured_.size(); ++i)
    configured_at_.emplace(configured_[i].local_mount, i);
  if (roots_file_ != config.paths.ssl_cafile) roots_ = nullptr;
  if (!roots_ && wants_tls(config)) load_roots();
  std::vector<std::unique_ptr<MasterWatch>> masters;
  for (MasterPlan& plan : master_plans(config)) {
    if (network_.links->masters().link_replaces_polling(plan)) continue;
    const auto same = std::find_if(masters_.begin(), masters_.end(),
                                   [&](const auto& watch) { return watch && watch->is_for(plan); });
    if (same != masters_.end()) {
      (*same)->follow(std::move(plan));
      masters.push_back(std::move(*same));
      continue;
    }
    MasterWatch::Callbacks callbacks;
    callbacks.user_agent = [this] { return user_agent(); };
    callbacks.flow_of = [this](const std::string& mount) {
      return flow_of(*this, network_.mounts, mount);
    };
    callbacks.changed = [this](const std::set<std::string>& mounts) { streams_changed(mounts); };
    callbacks.report = [this](const std::vector<std::string>& mounts, std::string_view master_id) {
      return network_.cluster->own_report(mounts, master_id);
    };
    callbacks.clock = [this](const std::string& id, std::chrono::milliseconds ahead) {
      network_.cluster->set_master_clock(id, ahead);
    };
    callbacks.lines = [this] { return request_lines({}); };
    callbacks.named = [this] { network_.cluster->masters_changed(); };
    auto& watch = masters.emplace_back(std::make_unique<MasterWatch>(
        connector_, network_.log, rng_, std::move(plan), std::move(callbacks)));
    for (StreamListRecord& list : handed_lists_)
      if (watch->is_for(list)) watch->restore(std::move(list));
  }
  handed_lists_.clear();
  leave_formers(master_plans(config));
  masters_ = std::move(masters);
  publishes_.store(std::any_of(masters_.begin(), masters_.end(),
                               [](const auto& watch) { return watch->plan().publish; }),
                   std::memory_order_relaxed);
  choose_all();
}

bool RelayService::is_configured(const std::string& mount) const {
  return configured_at_.contains(mount);
}

bool RelayService::captures_own(const std::string& mount) const {
  const Relay* relay = relays_.of_mount(mount);
  if (relay == nullptr || (!relay->flows() && !relay->asks())) return false;
  const Upstream& from = relay->flows() ? relay->last_upstream() : relay->plan().upstreams.front();
  const auto [first, last] = configured_at_.equal_range(mount);
  return std::any_of(first, last, [&](const auto& row) {
    const auto& upstreams = configured_[row.second].upstreams;
    return std::any_of(upstreams.begin(), upstreams.end(),
                       [&](const Upstream& each) { return same_place(each, from); });
  });
}

bool RelayService::is_over(const std::string& mount) const {
  const auto found = network_.mounts.find(mount);
  if (!found || found->phase() != MountPhase::kLingering) return false;
  return former_.contains(mount) || (!found->facts()->relayed && has_two_homes(mount));
}

bool RelayService::has_two_homes(const std::string& mount) const {
  const MountSettings& section = mount_section(*network_.config.read(), mount);
  return section.has_two_homes() && !section.suspended;
}

// Sends a removed master a last report, so that it need not detect the end by itself; a linked one
// needs none.
void RelayService::leave_formers(const std::vector<MasterPlan>& plans) {
  for (auto& watch : masters_) {
    if (!watch || std::any_of(plans.begin(), plans.end(), [&](const MasterPlan& plan) {
          return plan.publish && plan.target.host == watch->plan().target.host &&
                 plan.target.port == watch->plan().target.port;
        }))
      continue;
    MasterWatch* leaving = watch.get();
    left_.push_back(std::move(watch));
    leaving->leave([this, leaving] {
      network_.loops.control().post([this, leaving] {
        std::erase_if(left_, [leaving](const auto& each) { return each.get() == leaving; });
      });
    });
  }
}

// Two encoders on two peers are both accepted when neither peer knows of the other.  A moved source
// looks the same for a moment, so two checks in a row must see both.
//
// With two homes the source here is ended, at the home later than at the backup: if each of two
// masters offers the other's source, one remains.
void RelayService::find_raced() {
  const auto config = network_.config.read();
  std::map<std::string, unsigned> raced;
  const auto check_mount = [&](const std::string& mount, const Relay& relay) {
    const auto* writer = network_.admission->writer_of(mount);
    if (writer == nullptr || writer->kind != WriterKind::kSource) return;
    const auto& upstreams = relay.plan().upstreams;
    const auto other = std::find_if(upstreams.begin(), upstreams.end(), [](const Upstream& each) {
      return each.word == StreamWord::kOffered;
    });
    if (other == upstreams.end()) return;
    const auto before = raced_.find(mount);
    const unsigned looks = before == raced_.end() ? 1 : before->second + 1;
    raced.emplace(mount, looks);
    const std::string both = cat({"mount ", mount, " has two sources: one here, and another that ",
                                  other->target.host, ":", other->target.port, " offers; "});
    const MountSettings& section = mount_section(*config, mount);
    if (section.has_two_homes()) {
      if (looks < (is_own_id(*config, section.home) ? kLooksAtHome : kLooksUntilRaced)) return;
      network_.log.warn("relay/relay", both + "the one here is ended");
      Worker::end_encoders(network_, mount, EndReason::kMoved);
    } else if (looks == kLooksUntilRaced) {
      network_.log.warn("relay/relay", both +
                                           "listeners of the two servers hear different "
                                           "programmes until one of them ends");
    }
  };
  for (const auto used = network_.mounts.in_use(); const auto& [name, mount] : used)
    if (const Relay* relay = relays_.of_mount(name)) check_mount(name, *relay);
  raced_ = std::move(raced);
}

void RelayService::stop() {
  left_.clear();
  stopped_ = true;
  check_timer_.cancel();
  report_timer_.cancel();
  choose_.cancel();
  masters_.clear();
  relays_.clear();
  parked_.clear();
  awaited_.clear();
  filling_.clear();
  fill_timer_.cancel();
}

void RelayService::await(const std::string& mount, const ParkedRequest& request, std::string via,
                         bool wants_window) {
  const auto found = network_.mounts.find(mount);
  const bool is_filling = filling_.contains(mount);
  if (stopped_ || !found || (found->phase() != MountPhase::kIdle && !is_filling)) {
    Worker::resume(network_, request, stopped_ ? WaitOutcome::kNever : WaitOutcome::kReady);
    return;
  }
  if (!parked_.park(mount, request, {head_deadline(), kBackAfter})) {
    Worker::resume(network_, request, WaitOutcome::kNever);
    return;
  }
  Awaited& awaited = awaited_[mount];
  if (awaited.via.empty()) awaited.via = std::move(via);
  awaited.window = awaited.window || wants_window;
  if (!is_filling && !relays_.demand(mount)) release(mount, WaitOutcome::kNever);
}

void RelayService::first_waits(const std::string& mount) {
  if (!stopped_) relays_.demand(mount);
}

void RelayService::release(const std::string& mount, WaitOutcome outcome) {
  awaited_.erase(mount);
  filling_.erase(mount);
  parked_.release(mount, outcome);
}

void RelayService::ask_lists() {
  for (const auto& master : masters_) master->ask_soon();
}

// Starts an idle relay with fallback-override whose listeners wait at its fallback.
void RelayService::find_away() {
  check_timer_.after(coalesced(network_.loops.control(), kLookForAway));
  find_raced();
  std::erase_if(closed_, [now = network_.loops.control().now()](const auto& row) {
    return row.second <= now;
  });
  std::set<std::string> formers;
  for (const auto& [mount, until] : former_) formers.insert(mount);
  if (!formers.empty()) streams_changed(formers);
  std::vector<std::string> homes;
  // A listener away from its home counts at the mount that it receives.
  if (network_.counters.listeners.inside() > 0)
    for (const auto all = network_.mounts.all(); const auto& [name, mount] : *all)
      if (mount->phase() == MountPhase::kIdle && mount->settings()->fallback_override)
        homes.push_back(name);
  if (homes.empty()) {
    away_.clear();
    return;
  }
  const auto asked = std::make_shared<const std::vector<std::string>>(std::move(homes));
  network_.loops.gather<std::vector<bool>>(
      [this, asked](unsigned i) { return network_.workers[i]->streams->have_away(*asked); },
      [this, asked](const std::vector<std::vector<bool>>& answers) {
        away_.clear();
        for (const auto& found : answers)
          for (std::size_t i = 0; i < asked->size(); ++i)
            if (found[i]) away_.insert((*asked)[i]);
        for (const std::string& mount : away_) relays_.check_mount(mount);
      });
}

void RelayService::relay_failed(const std::string& mount) { release(mount, WaitOutcome::kNever); }

void RelayService::mount_begun(const Mount& mount) {
  if (!filling_.contains(mount.name())) release(mount.name(), WaitOutcome::kReady);
  if (!network_.lookup->empty())
    network_.loops.control().post([this] { network_.lookup->mounts_changed(); });
}

void RelayService::mount_waits(const Mount& mount) {
  if (!mount.facts()->relayed) relays_.mount_is_free(mount.name());
}

bool RelayService::fed_elsewhere(const std::string& mount) const {
  const Relay* relay = relays_.of_mount(mount);
  return relay != nullptr && relay->could_flow();
}

bool RelayService::flows(const std::string& mount) const {
  const Relay* relay = relays_.of_mount(mount);
  if (relay == nullptr) return false;
  const auto found = network_.mounts.find(mount);
  return relay->flows() || (found && found->phase() == MountPhase::kLingering);
}

void RelayService::mount_ended(const Mount& mount) {
  if (stopped_) return;
  if (!mount.facts()->relayed) {
    network_.loops.control().post([this, name = mount.name()] { relays_.mount_is_free(name); });
    return;
  }
  // Posted, because the masters may want other relays while this one's end is being handled.
  network_.loops.control().post([this] {
    for (const auto& master : masters_) master->stream_ended();
    for (const auto& master : masters_) master->ask_soon();
  });
}

SourceAdmission& RelayService::admission() noexcept { return *network_.admission; }
const MountTable& RelayService::mounts() const noexcept { return network_.mounts; }
MountTable::Rows RelayService::mounts_in_use() { return network_.mounts.in_use(); }
Log& RelayService::log() noexcept { return network_.log; }

}  // namespace lb
