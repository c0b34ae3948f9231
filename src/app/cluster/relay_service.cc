#include "app/cluster/relay_service.h"

#include <algorithm>
#include <utility>

#include "app/cluster/cluster_links.h"
#include "app/cluster/cluster_plans.h"
#include "app/cluster/cluster_service.h"
#include "app/cluster/mount_homes.h"
#include "app/cluster/mount_lookup.h"
#include "app/services/worker.h"
#include "cluster/nodes/names.h"
#include "cluster/polling/stream_list.h"
#include "cluster/relay/relay_marks.h"
#include "http/stream_type.h"
#include "net/coalesce.h"
#include "net/tls_connect.h"
#include "stream/fallback_chain.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr ParkedRequests::Limits kMaxParked{.keys = 65'536, .of_key = 4096, .all = 262'144};
constexpr auto kBackAfter = 1s;
constexpr auto kLookForAway = 2s;
// A relay whose master has left the configuration goes on so long, while another one may bring it.
constexpr auto kFormerKept = 10s;
// As a stream that a master offers.
constexpr auto kNodeSourceRunOn = 30s;
constexpr int kChoiceShare = 4;
// Every kLookForAway.
constexpr unsigned kLooksUntilRaced = 2, kLooksAtHome = 4;

bool wants_tls(const Config& config) {
  const auto masters = master_plans(config);
  const auto relays = relay_plans(config);
  // A list may name an upstream by https at any time, and so may a record where nothing can be
  // loaded any more.
  const bool records = config.store.type != StoreType::kNone || !config.masters.empty();
  return !config.external.url.empty() || (config.security.chroot && records) ||
         std::any_of(masters.begin(), masters.end(),
                     [](const MasterPlan& plan) { return plan.target.tls; }) ||
         std::any_of(relays.begin(), relays.end(), [](const RelayPlan& plan) {
           return std::any_of(plan.upstreams.begin(), plan.upstreams.end(),
                              [](const Upstream& upstream) { return upstream.target.tls; });
         });
}

}  // namespace

RelayService::RelayService(Services& services)
    : services_(services),
      rng_(Rng::from_entropy()),
      resolver_(services.loops.control()),
      connector_(services.loops.control(), resolver_,
                 [this](Loop& loop, std::unique_ptr<Transport> plain, const std::string& host,
                        Connector::Then then) {
                   return make_tls(loop, std::move(plain), host, std::move(then), false);
                 }),
      programs_(services),
      tell_(services.loops.control(), [this] { tell_unable(); }),
      parked_(services.loops.control(), kMaxParked,
              {[this](const ParkedRequest& request, WaitOutcome outcome) {
                 Worker::resume(services_, request, outcome);
               },
               [this](const std::string& mount) { release(mount, WaitOutcome::kNever); }}),
      look_(services.loops.control(), [this] { look_for_away(); }),
      choose_(services.loops.control(), [this] { choose_relays(); }),
      relays_(*this) {
  look_.after(kLookForAway);
  if (wants_tls(*services.config.read())) load_roots();  // out of reach after a chroot
}

RelayService::~RelayService() = default;

std::unique_ptr<Underway> RelayService::make_tls(Loop& loop, std::unique_ptr<Transport> plain,
                                                 const std::string& host, Connector::Then then,
                                                 bool only_13) {
  if (!roots_) load_roots();
  return make_tls_with(roots_, only_13)(loop, std::move(plain), host, std::move(then));
}

// Of much that comes together only the first is acted on at once: a choice among many takes its
// time, and leaves the loop four times as much for others.
void RelayService::streams_changed() {
  if (stopped_ || choose_.armed()) return;
  const SteadyTime now = services_.loops.control().now();
  choose_.after(std::max(std::chrono::microseconds(0),
                         std::chrono::ceil<std::chrono::microseconds>(next_choice_ - now)));
}

void RelayService::settle(const std::string& mount) {
  if (choose_.armed()) {
    choose_.cancel();
    choose_relays();
  }
  relays_.begin(mount);
}

void RelayService::load_roots() {
  roots_file_ = services_.config.read()->paths.ssl_cafile;
  auto context = TlsClientContext::load(roots_file_);
  if (context)
    roots_ = std::move(*context);
  else
    services_.log.error("relay/tls", context.error().what);
}

void RelayService::configure(const Config& config) {
  if (stopped_) return;
  configured_ = relay_plans(config);
  configured_at_.clear();
  for (std::size_t i = 0; i < configured_.size(); ++i)
    configured_at_.emplace(configured_[i].local_mount, i);
  if (roots_file_ != config.paths.ssl_cafile) roots_ = nullptr;
  if (!roots_ && wants_tls(config)) load_roots();
  std::vector<std::unique_ptr<MasterWatch>> masters;
  for (MasterPlan& plan : master_plans(config)) {
    if (services_.links->masters().link_replaces_polling(plan)) continue;
    const auto same = std::find_if(masters_.begin(), masters_.end(),
                                   [&](const auto& watch) { return watch && watch->is_for(plan); });
    if (same != masters_.end()) {
      (*same)->follow(std::move(plan));
      masters.push_back(std::move(*same));
      continue;
    }
    MasterWatch::Callbacks callbacks;
    callbacks.user_agent = [this] { return user_agent(); };
    callbacks.flow_of = [this](const std::string& mount) { return flow_of(mount); };
    callbacks.changed = [this] { choose_relays(); };
    callbacks.report = [this](const std::vector<std::string>& mounts, std::string_view master_id) {
      return services_.cluster->own_report(mounts, master_id);
    };
    callbacks.clock = [this](const std::string& id, std::chrono::milliseconds ahead) {
      services_.cluster->set_master_clock(id, ahead);
    };
    callbacks.lines = [this] { return request_lines({}); };
    callbacks.named = [this] { services_.cluster->masters_changed(); };
    masters.push_back(std::make_unique<MasterWatch>(connector_, services_.log, rng_,
                                                    std::move(plan), std::move(callbacks)));
  }
  leave_formers(master_plans(config));
  masters_ = std::move(masters);
  publishes_.store(std::any_of(masters_.begin(), masters_.end(),
                               [](const auto& watch) { return watch->plan().publish; }),
                   std::memory_order_relaxed);
  choose_relays();
}

bool RelayService::may_be(const StaticFiles& files, const std::string& mount) const {
  if (!may_be_relayed_as(mount)) return false;
  // A stream may hide a file of the web root only if that is audio (doc/decisions.md B5).
  if (!files.has_file(mount)) return true;
  return is_stream_type(files.types().type_of(mount));
}

RelayPlan RelayService::plan_of(const IngestService::NodeSource& source) const {
  RelayPlan plan;
  plan.local_mount = source.mount;
  plan.upstreams.push_back(source.upstream);
  plan.on_demand = true;
  plan.from_master = true;
  plan.run_on = kNodeSourceRunOn;
  return plan;
}

// Those of the configuration first; of the masters' streams, the same mount at several masters is
// one relay with several upstreams.
void RelayService::choose_relays() {
  const SteadyTime began = services_.clock.steady();
  std::vector<RelayPlan> plans;
  std::map<std::string, std::size_t> place;
  const auto files = services_.files.read();
  for (const RelayPlan& plan : configured_) {
    if (!may_be_relayed_as(plan.local_mount)) {
      services_.log.error("relay/relay", "relay " + plan.local_mount +
                                             ": the mount name is not allowed; it is left out");
      continue;
    }
    if (plan.once && !services_.links->ingest().captures(plan.local_mount)) continue;
    if (place.try_emplace(plan.local_mount, plans.size()).second) plans.push_back(plan);
  }
  const std::size_t own = plans.size();
  // Where the same server says the same twice, by its link and by its list, the link was first.
  const auto add_upstream = [&](RelayPlan& plan, Upstream upstream) {
    for (const Upstream& known : plan.upstreams)
      if (known.target == upstream.target && known.mount == upstream.mount) return;
    plan.upstreams.push_back(std::move(upstream));
  };
  for (auto& stream : services_.links->masters().streams()) {
    if (!may_be(*files, stream.mount)) continue;
    const auto [at, fresh] = place.try_emplace(stream.mount, plans.size());
    if (!fresh) {
      if (at->second >= own) add_upstream(plans[at->second], std::move(stream.upstream));
      continue;
    }
    RelayPlan plan;
    plan.local_mount = stream.mount;
    plan.upstreams.push_back(std::move(stream.upstream));
    plan.on_demand = true;
    plan.from_master = true;
    plan.run_on = stream.run_on;
    plan.retry_delay = stream.retry_delay;
    plans.push_back(std::move(plan));
  }
  for (const auto& master : masters_) {
    const MasterPlan& from = master->plan();
    for (auto& [mount, upstream] : master->streams()) {
      if (!may_be(*files, mount)) continue;
      const auto [at, fresh] = place.try_emplace(mount, plans.size());
      if (!fresh) {
        if (at->second >= own) add_upstream(plans[at->second], std::move(upstream));
        continue;
      }
      RelayPlan plan;
      plan.local_mount = mount;
      plan.upstreams.push_back(std::move(upstream));
      plan.on_demand = from.on_demand;
      plan.from_master = true;
      plan.run_on = from.run_on;
      plan.retry_delay = from.retry_delay;
      plans.push_back(std::move(plan));
    }
  }
  claimed_.clear();
  for (const auto& [mount, at] : place) claimed_.insert(claimed_.end(), mount);
  for (const auto& [mount, sources] : services_.links->ingest().node_sources())
    // What a master offers comes first.
    if (may_be(*files, mount) && place.try_emplace(mount, plans.size()).second)
      plans.push_back(plan_of(sources.front()));
  std::set<std::string> touched;
  for (const auto& [mount, until] : former_) touched.insert(mount);
  hold_captures(plans, place);
  keep_former(plans, place);
  for (const auto& [mount, until] : former_) touched.insert(mount);
  relays_.want(std::move(plans));
  chosen(touched);
  const SteadyTime ended = services_.clock.steady();
  next_choice_ = ended + kChoiceShare * (ended - began);
}

void RelayService::chosen(const std::set<std::string>& touched) {
  unable_known_ = false;
  services_.links->relays_chosen(touched);
  services_.lookup->mounts_changed();
}

// What is new is laid to what there is.  What ends may be kept for a while, and is a choice among
// all.
void RelayService::node_sources_changed(const std::vector<std::string>& mounts) {
  const IngestService& ingest = services_.links->ingest();
  const bool all_new = std::all_of(mounts.begin(), mounts.end(), [&](const std::string& mount) {
    return !ingest.sources_of(mount).empty() && !is_configured(mount) && !former_.contains(mount);
  });
  if (stopped_ || choose_.armed() || !all_new) return streams_changed();
  const auto files = services_.files.read();
  for (const std::string& mount : mounts)
    if (!claimed_.contains(mount) && may_be(*files, mount))
      relays_.want_too(plan_of(ingest.sources_of(mount).front()));
  chosen({mounts.begin(), mounts.end()});
}

// A mount that another node is to capture: its own upstream is closed, and the listeners wait here
// until that node offers the stream.
void RelayService::hold_captures(std::vector<RelayPlan>& plans,
                                 std::map<std::string, std::size_t>& place) {
  for (const RelayPlan& plan : configured_) {
    const std::string& mount = plan.local_mount;
    if (!plan.once || services_.links->ingest().captures(mount)) continue;
    const auto at = place.find(mount);
    if (at != place.end()) {
      const auto& upstreams = plans[at->second].upstreams;
      const bool offered =
          std::any_of(upstreams.begin(), upstreams.end(),
                      [](const Upstream& each) { return each.word == StreamWord::kOffered; });
      if (offered || !captures_own(mount)) continue;
    } else if (!flows(mount)) {
      continue;
    }
    RelayPlan held = plan;
    held.held = true;
    if (at != place.end()) {
      plans[at->second] = std::move(held);
    } else if (place.try_emplace(mount, plans.size()).second) {
      plans.push_back(std::move(held));
    }
  }
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
  const auto found = services_.mounts.find(mount);
  if (!found || found->phase() != MountPhase::kLingering) return false;
  return former_.contains(mount) || (!found->facts()->relayed && has_two_homes(mount));
}

bool RelayService::has_two_homes(const std::string& mount) const {
  const MountSettings& section = mount_section(*services_.config.read(), mount);
  return section.has_two_homes() && !section.suspended;
}

void RelayService::keep_former(std::vector<RelayPlan>& plans,
                               const std::map<std::string, std::size_t>& wanted) {
  const SteadyTime now = services_.loops.control().awake();
  const auto ended = services_.links->ingest().take_ended();
  std::erase_if(former_, [&](const auto& row) { return wanted.contains(row.first); });
  relays_.for_each([&](const std::string& mount, const Relay& relay) {
    const bool over = ended.contains(mount);
    if (wanted.contains(mount) || (over && !has_two_homes(mount)) || !relay.plan().from_master ||
        !flows(mount))
      return;
    if (former_.try_emplace(mount, now + kFormerKept).first->second <= now) return;
    plans.push_back(relay.plan());
    for (Upstream& upstream : plans.back().upstreams) upstream.word = StreamWord::kGone;
    // Its node may keep the connection for listeners that wait there: here they wait for any home.
    if (over) plans.back().held = true;
  });
  std::erase_if(former_, [now](const auto& row) { return row.second <= now; });
}

// A master that was removed from the configuration is told that no more reports come, and need not
// find out by itself; one that is linked now is not told.
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
      services_.loops.control().post([this, leaving] {
        std::erase_if(left_, [leaving](const auto& each) { return each.get() == leaving; });
      });
    });
  }
}

// Two encoders on two peers are both let in when neither has heard of the other.  So that the news
// of a source that has moved does not look like that, it is said when it was seen twice.
//
// Of a mount with two homes the source here ends, at its home later than at its backup: where two
// masters each offer the other one's source, one is left.
void RelayService::look_for_raced() {
  const auto config = services_.config.read();
  std::map<std::string, unsigned> raced;
  const auto look_at = [&](const std::string& mount, const Relay& relay) {
    const auto* writer = services_.admission->writer_of(mount);
    if (writer == nullptr || writer->kind != WriterKind::kSource) return;
    const auto& upstreams = relay.plan().upstreams;
    const auto other = std::find_if(upstreams.begin(), upstreams.end(), [](const Upstream& each) {
      return each.word == StreamWord::kOffered;
    });
    if (other == upstreams.end()) return;
    const auto before = raced_.find(mount);
    const unsigned looks = before == raced_.end() ? 1 : before->second + 1;
    raced.emplace(mount, looks);
    const std::string both = "mount " + mount + " has two sources: one here, and another that " +
                             other->target.host + ":" + std::to_string(other->target.port) +
                             " offers; ";
    const MountSettings& section = mount_section(*config, mount);
    if (section.has_two_homes()) {
      if (looks < (is_own_id(*config, section.home) ? kLooksAtHome : kLooksUntilRaced)) return;
      services_.log.warn("relay/relay", both + "the one here is ended");
      Worker::end_encoders(services_, mount, EndReason::kMoved);
    } else if (looks == kLooksUntilRaced) {
      services_.log.warn("relay/relay", both +
                                            "listeners of the two servers hear different "
                                            "programmes until one of them ends");
    }
  };
  for (const auto used = services_.mounts.in_use(); const auto& [name, mount] : used)
    if (const Relay* relay = relays_.of_mount(name)) look_at(name, *relay);
  raced_ = std::move(raced);
}

void RelayService::stop() {
  left_.clear();
  stopped_ = true;
  look_.cancel();
  tell_.cancel();
  choose_.cancel();
  masters_.clear();
  relays_.clear();
  parked_.clear();
  vias_.clear();
}

void RelayService::await(const std::string& mount, const ParkedRequest& request, std::string via) {
  const auto found = services_.mounts.find(mount);
  if (stopped_ || !found || found->phase() != MountPhase::kIdle) {
    Worker::resume(services_, request, stopped_ ? WaitOutcome::kNever : WaitOutcome::kReady);
    return;
  }
  if (!parked_.park(mount, request, {head_deadline(), kBackAfter})) {
    Worker::resume(services_, request, WaitOutcome::kNever);
    return;
  }
  if (!via.empty()) vias_.try_emplace(mount, std::move(via));
  if (!relays_.demand(mount)) release(mount, WaitOutcome::kNever);
}

void RelayService::release(const std::string& mount, WaitOutcome outcome) {
  vias_.erase(mount);
  parked_.release(mount, outcome);
}

void RelayService::ask_lists() {
  for (const auto& master : masters_) master->ask_soon();
}

// An idle relay with fallback-override is started for its listeners that wait at its fallback.
void RelayService::look_for_away() {
  look_.after(coalesced(services_.loops.control(), kLookForAway));
  look_for_raced();
  if (!former_.empty()) choose_relays();
  std::vector<std::string> homes;
  // A listener that is away counts at the mount where they are.
  if (services_.counters.listeners.inside() > 0)
    for (const auto all = services_.mounts.all(); const auto& [name, mount] : *all)
      if (mount->phase() == MountPhase::kIdle && mount->settings()->fallback_override)
        homes.push_back(name);
  if (homes.empty()) {
    away_.clear();
    return;
  }
  services_.loops.gather<std::vector<bool>>(
      [this, homes](unsigned i) { return services_.workers[i]->streams.have_away(homes); },
      [this, homes](const std::vector<std::vector<bool>>& answers) {
        away_.clear();
        for (const auto& found : answers)
          for (std::size_t i = 0; i < homes.size(); ++i)
            if (found[i]) away_.insert(homes[i]);
        for (const std::string& mount : away_) relays_.look_at(mount);
      });
}

void RelayService::relay_failed(const std::string& mount) { release(mount, WaitOutcome::kNever); }

void RelayService::mount_begun(const Mount& mount) {
  release(mount.name(), WaitOutcome::kReady);
  if (!services_.lookup->empty())
    services_.loops.control().post([this] { services_.lookup->mounts_changed(); });
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
  const auto found = services_.mounts.find(mount);
  return relay->flows() || (found && found->phase() == MountPhase::kLingering);
}

void RelayService::mount_ended(const Mount& mount) {
  if (stopped_) return;
  if (!mount.facts()->relayed) {
    services_.loops.control().post([this, name = mount.name()] { relays_.mount_is_free(name); });
    return;
  }
  // Not from inside: the masters may want other relays, and this one's end is being told.
  services_.loops.control().post([this] {
    for (const auto& master : masters_) master->stream_ended();
    for (const auto& master : masters_) master->ask_soon();
  });
}

}  // namespace lb
