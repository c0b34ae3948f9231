#include "app/relay_service.h"

#include <algorithm>
#include <utility>

#include "app/cluster_links.h"
#include "app/cluster_service.h"
#include "app/listen_stage.h"
#include "app/worker.h"
#include "cluster/relay_marks.h"
#include "cluster/stream_list.h"
#include "net/tls_connect.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMostWaiting = 4096;  // a mount
constexpr std::size_t kMostLearning = 256;  // mounts
constexpr auto kLearnTime = 2500ms;         // masters are asked once a second at most
// A relay's listeners are kept so long without data, or, where a fallback would play for them, so
// long.
constexpr auto kRelayLinger = 10s;
constexpr auto kLingerBeforeFallback = 1s;
constexpr auto kLookForAway = 2s;
constexpr int kLongestChain = 10;
// The mount that a <relay> or <host> has when it names none.
constexpr std::string_view kNoMount = "/";

Upstream upstream_of(const RelayHost& host, const RelaySettings& relay) {
  Upstream upstream;
  upstream.target.host = host.server;
  upstream.target.port = static_cast<std::uint16_t>(host.port);
  upstream.target.tls = host.tls;
  upstream.target.bind_address = host.bind_address;
  upstream.mount = host.mount;
  upstream.username = relay.username;
  upstream.password = relay.password;
  upstream.connect_deadline = host.timeout;
  return upstream;
}

bool wants_tls(const Config& config) {
  const auto masters = master_plans(config);
  const auto relays = relay_plans(config);
  return std::any_of(masters.begin(), masters.end(),
                     [](const MasterPlan& plan) { return plan.target.tls; }) ||
         std::any_of(relays.begin(), relays.end(), [](const RelayPlan& plan) {
           return std::any_of(plan.upstreams.begin(), plan.upstreams.end(),
                              [](const Upstream& upstream) { return upstream.target.tls; });
         });
}

}  // namespace

std::vector<RelayPlan> relay_plans(const Config& config) {
  std::vector<RelayPlan> plans;
  for (const RelaySettings& relay : config.relays) {
    if (!relay.enabled) continue;
    RelayPlan plan;
    std::vector<RelayHost> hosts = relay.hosts;
    if (hosts.empty()) hosts.push_back(relay.host);
    for (RelayHost& host : hosts) {  // what a <host> leaves out, the relay may say
      if (host.port == 0) host.port = relay.host.port;
      if (host.mount == kNoMount) host.mount = relay.host.mount;
    }
    std::stable_sort(hosts.begin(), hosts.end(), [](const RelayHost& a, const RelayHost& b) {
      return a.priority < b.priority;
    });
    for (const RelayHost& host : hosts) plan.upstreams.push_back(upstream_of(host, relay));
    plan.local_mount = relay.local_mount == kNoMount ? hosts.front().mount : relay.local_mount;
    plan.icy_metadata = relay.icy_metadata;
    plan.on_demand = relay.on_demand;
    plan.run_on = relay.run_on;
    plan.retry_delay = relay.retry_delay;
    plans.push_back(std::move(plan));
  }
  return plans;
}

std::vector<MasterPlan> master_plans(const Config& config) {
  std::vector<MasterPlan> plans;
  for (const MasterSettings& master : config.masters) {
    MasterPlan plan;
    plan.target.host = master.server;
    plan.target.tls = master.tls_port != 0;
    plan.target.port = static_cast<std::uint16_t>(plan.target.tls ? master.tls_port : master.port);
    plan.target.bind_address = master.bind_address;
    plan.username = master.username;
    plan.password = master.password;
    plan.publish = config.cluster.master_public_slave || master.redirect;
    if (master.interval.count() > 0) plan.interval = plan.report_interval = master.interval;
    plan.retry_delay = master.retry_delay;
    plan.retry_max = master.retry_max;
    plan.run_on = master.run_on;
    plan.relay_auth = master.relay_auth;
    plan.on_demand = master.on_demand;
    // Icecast is a slave only where all three are given.
    if (!plan.target.host.empty() && plan.target.port != 0 && !plan.password.empty())
      plans.push_back(std::move(plan));
  }
  return plans;
}

RelayService::RelayService(Services& services)
    : services_(services),
      rng_(Rng::from_entropy()),
      resolver_(services.loops.control()),
      connector_(services.loops.control(), resolver_,
                 [this](Loop& loop, std::unique_ptr<Transport> plain, const std::string& host,
                        Connector::Then then) {
                   return make_tls(loop, std::move(plain), host, std::move(then), false);
                 }),
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

void RelayService::streams_changed() {
  if (!stopped_ && !choose_.armed()) choose_.after(std::chrono::microseconds(0));
}

void RelayService::settle() {
  if (!choose_.armed()) return;
  choose_.cancel();
  choose_relays();
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
  if (roots_file_ != config.paths.ssl_cafile) roots_ = nullptr;
  if (!roots_ && wants_tls(config)) load_roots();
  std::vector<std::unique_ptr<MasterWatch>> masters;
  for (MasterPlan& plan : master_plans(config)) {
    if (services_.links->covers(plan)) continue;
    const auto same = std::find_if(masters_.begin(), masters_.end(), [&](const auto& watch) {
      return watch && watch->plan() == plan;
    });
    if (same != masters_.end()) {
      (*same)->ask_soon();
      masters.push_back(std::move(*same));
      continue;
    }
    MasterWatch::Doors doors;
    doors.user_agent = [this] { return user_agent(); };
    doors.flow_of = [this](const std::string& mount) { return flow_of(mount); };
    doors.changed = [this] { choose_relays(); };
    doors.report = [this](const std::vector<std::string>& mounts, std::string_view master_id) {
      return services_.cluster->own_report(mounts, master_id);
    };
    doors.lines = [this] { return request_lines({}); };
    masters.push_back(std::make_unique<MasterWatch>(connector_, services_.log, rng_,
                                                    std::move(plan), std::move(doors)));
  }
  masters_ = std::move(masters);
  publishes_.store(std::any_of(masters_.begin(), masters_.end(),
                               [](const auto& watch) { return watch->plan().publish; }),
                   std::memory_order_relaxed);
  choose_relays();
}

// Those of the configuration first; of the masters' streams, the same mount at several masters is
// one relay with several upstreams.
void RelayService::choose_relays() {
  std::vector<RelayPlan> plans;
  std::map<std::string, std::size_t> place;
  const auto files = services_.files.read();
  const auto may_be = [&](const std::string& mount) {
    if (!may_be_relayed_as(mount)) return false;
    // A stream may hide a file of the web root only if that is audio (decisions B5).
    if (!files->has_file(mount)) return true;
    const std::string_view type = files->types().type_of(mount);
    return type.starts_with("audio/") || type.starts_with("video/") || type == "application/ogg";
  };
  for (const RelayPlan& plan : configured_) {
    if (!may_be_relayed_as(plan.local_mount)) {
      services_.log.error("relay/relay", "relay " + plan.local_mount +
                                             ": the mount name is not allowed; it is left out");
      continue;
    }
    if (place.try_emplace(plan.local_mount, plans.size()).second) plans.push_back(plan);
  }
  const std::size_t own = plans.size();
  // Where the same server says the same twice, by its link and by its list, the link was first.
  const auto add_upstream = [&](RelayPlan& plan, Upstream upstream) {
    for (const Upstream& known : plan.upstreams)
      if (known.target == upstream.target && known.mount == upstream.mount) return;
    plan.upstreams.push_back(std::move(upstream));
  };
  for (auto& stream : services_.links->streams()) {
    if (!may_be(stream.mount)) continue;
    const auto [at, fresh] = place.try_emplace(stream.mount, plans.size());
    if (!fresh) {
      if (at->second >= own) add_upstream(plans[at->second], std::move(stream.upstream));
      continue;
    }
    RelayPlan plan;
    plan.local_mount = stream.mount;
    plan.upstreams.push_back(std::move(stream.upstream));
    plan.on_demand = true;
    plan.run_on = stream.run_on;
    plan.retry_delay = stream.retry_delay;
    plans.push_back(std::move(plan));
  }
  for (const auto& master : masters_) {
    const MasterPlan& from = master->plan();
    for (auto& [mount, upstream] : master->streams()) {
      if (!may_be(mount)) continue;
      const auto [at, fresh] = place.try_emplace(mount, plans.size());
      if (!fresh) {
        if (at->second >= own) add_upstream(plans[at->second], std::move(upstream));
        continue;
      }
      RelayPlan plan;
      plan.local_mount = mount;
      plan.upstreams.push_back(std::move(upstream));
      plan.on_demand = from.on_demand;
      plan.run_on = from.run_on;
      plan.retry_delay = from.retry_delay;
      plans.push_back(std::move(plan));
    }
  }
  relays_.want(plans);
  services_.links->mounts_changed();
  go_on_learning();
}

void RelayService::stop() {
  stopped_ = true;
  look_.cancel();
  choose_.cancel();
  masters_.clear();
  relays_.clear();
  waiting_.clear();
  learning_.clear();
}

void RelayService::await(const std::string& mount, unsigned worker, std::uint64_t connection,
                         std::string via) {
  const Waiter waiter{worker, connection};
  const auto found = services_.mounts.find(mount);
  if (stopped_ || !found || found->phase() != MountPhase::kIdle) {
    release_one(waiter, stopped_);
    return;
  }
  Waiting& waiting = waiting_[mount];
  if (waiting.listeners.size() >= kMostWaiting) {
    release_one(waiter, true);
    return;
  }
  waiting.listeners.push_back(waiter);
  if (waiting.via.empty()) waiting.via = std::move(via);
  if (!waiting.deadline) {
    // By way of the inbox: the timer dies with those who wait.
    waiting.deadline = std::make_unique<Timer>(services_.loops.control(), [this, mount] {
      services_.loops.control().post([this, mount] { release(mount, true); });
    });
    waiting.deadline->after(head_deadline());
  }
  if (!relays_.demand(mount)) release(mount, true);
}

void RelayService::learn(const std::string& mount, unsigned worker, std::uint64_t connection) {
  const Waiter waiter{worker, connection};
  if (stopped_ || learning_.size() >= kMostLearning) {
    release_one(waiter, true);
    return;
  }
  Waiting& waiting = learning_[mount];
  if (waiting.listeners.size() >= kMostWaiting) {
    release_one(waiter, true);
    return;
  }
  waiting.listeners.push_back(waiter);
  if (!waiting.deadline) {
    waiting.deadline = std::make_unique<Timer>(services_.loops.control(), [this, mount] {
      services_.loops.control().post([this, mount] {
        if (auto over = learning_.extract(mount))
          for (const Waiter& one : over.mapped().listeners) release_one(one, true);
      });
    });
    waiting.deadline->after(kLearnTime);
    for (const auto& master : masters_) master->ask_soon();
  }
  go_on_learning();
}

// What is a mount by now; an idle one goes on to wait for its stream.
void RelayService::go_on_learning() {
  for (auto at = learning_.begin(); at != learning_.end();) {
    if (!services_.mounts.find(at->first)) {
      ++at;
      continue;
    }
    const auto known = learning_.extract(at++);
    for (const Waiter& one : known.mapped().listeners) release_one(one, false);
  }
}

void RelayService::release(const std::string& mount, bool give_up) {
  const auto at = waiting_.find(mount);
  if (at == waiting_.end()) return;
  const Waiting waiting = std::move(at->second);
  waiting_.erase(at);
  for (const Waiter& waiter : waiting.listeners) release_one(waiter, give_up);
}

void RelayService::release_one(const Waiter& waiter, bool give_up) {
  Worker& worker = *services_.workers[waiter.worker];
  worker.loop.post(
      [&worker, id = waiter.connection, give_up] { listen_again(worker, id, give_up); });
}

// An idle relay with fallback-override is started for those who wait at its fallback.
void RelayService::look_for_away() {
  look_.after(kLookForAway);
  std::vector<std::string> homes;
  for (const auto& [name, mount] : *services_.mounts.all())
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
      });
}

void RelayService::relay_failed(const std::string& mount) { release(mount, true); }

void RelayService::mount_begun(const Mount& mount) {
  release(mount.name(), false);
  if (!learning_.empty()) services_.loops.control().post([this] { go_on_learning(); });
}

void RelayService::mount_ended(const Mount& mount) {
  if (stopped_ || !mount.facts()->relayed) return;
  // Not from inside: the masters may want other relays, and this one's end is being told.
  services_.loops.control().post([this] {
    for (const auto& master : masters_) master->stream_ended();
    for (const auto& master : masters_) master->ask_soon();
  });
}

std::chrono::milliseconds RelayService::linger(const Mount& mount, WriterKind kind,
                                               EndReason reason) const {
  if (stopped_ || reason == EndReason::kKilled || reason == EndReason::kShutdown ||
      reason == EndReason::kRemoved)
    return 0ms;
  const auto settings = mount.settings();
  if (settings->linger_seconds >= 0) return std::chrono::seconds(settings->linger_seconds);
  if (kind == WriterKind::kSource) return 0ms;
  return fallback_plays(mount) ? kLingerBeforeFallback : kRelayLinger;
}

bool RelayService::fallback_plays(const Mount& mount) const {
  std::string name = mount.settings()->fallback_mount;
  for (int depth = 0; depth < kLongestChain && !name.empty() && name != mount.name(); ++depth) {
    const auto next = services_.mounts.find(name);
    if (next && next->phase() == MountPhase::kRunning) return true;
    name = settings_of(name)->fallback_mount;
  }
  return false;
}

MasterWatch::Flow RelayService::flow_of(const std::string& mount) const {
  using Flow = MasterWatch::Flow;
  const Relay* relay = relays_.of_mount(mount);
  if (relay == nullptr) return Flow::kNever;
  const auto found = services_.mounts.find(mount);
  const bool lingers = found && found->phase() == MountPhase::kLingering;
  if (relay->flows() || (lingers && relay->has_flowed())) return Flow::kFlows;
  return relay->has_flowed() && !relay->plan().on_demand ? Flow::kEnded : Flow::kNever;
}

std::string RelayService::user_agent() const { return services_.config.read()->server_id; }

std::string RelayService::node_mark() const { return services_.cluster->facts()->mark; }

std::string RelayService::request_lines(const std::string& mount) const {
  const auto facts = services_.cluster->facts();
  if (!facts->member) return {};
  const auto waiting = waiting_.find(mount);
  return relay_mark_lines(facts->mark, waiting == waiting_.end() ? "" : waiting->second.via);
}

std::optional<std::string> RelayService::master_origin(PublicScheme scheme) const {
  for (const auto& master : masters_) {
    if (!master->well()) continue;
    if (auto origin = origin_of(master->plan().target, scheme)) return origin;
  }
  return std::nullopt;
}

void RelayService::drain_changed() {
  const bool draining = services_.drain.draining();
  if (stopped_ || std::exchange(told_draining_, draining) == draining) return;
  for (const auto& master : masters_) master->report_now();
}

bool RelayService::has_master(std::string_view id) const {
  return std::any_of(masters_.begin(), masters_.end(),
                     [id](const auto& master) { return master->master_id() == id; });
}

void RelayService::leave(UniqueFunction<void()> done) {
  // One more than there are masters: none of them is the last before all have been told.
  leaving_ = static_cast<unsigned>(masters_.size()) + 1;
  auto shared = std::make_shared<UniqueFunction<void()>>(std::move(done));
  const auto one = [this, shared] {
    // By way of the inbox: what follows ends the watches that call.
    if (--leaving_ == 0) services_.loops.control().post([shared] { (*shared)(); });
  };
  for (const auto& master : masters_) master->leave(one);
  one();
}

std::chrono::milliseconds RelayService::head_deadline() const {
  return services_.config.read()->limits.header_timeout;
}

std::shared_ptr<const MountSettings> RelayService::settings_of(const std::string& mount) const {
  return std::make_shared<const MountSettings>(mount_settings(*services_.config.read(), mount));
}

unsigned RelayService::quiet_worker() { return services_.admission->quietest_home(); }

void RelayService::add_source(unsigned worker, SourceOffer offer, WriterLease lease,
                              std::shared_ptr<const SourceFacts> facts) {
  ServerCounters& counters = services_.counters;
  counters.source_relay_connections.fetch_add(1, std::memory_order_relaxed);
  counters.source_total_connections.fetch_add(1, std::memory_order_relaxed);
  // Relays may go above <sources> (decisions B9).
  counters.sources.enter();
  offer.source_pass = GatePass(&counters.sources);
  Worker& home = *services_.workers[worker];
  home.loop.post([&home, offer = std::make_shared<SourceOffer>(std::move(offer)),
                  lease = std::make_shared<WriterLease>(std::move(lease)),
                  facts = std::move(facts)] {
    home.sources.add(std::move(*offer), std::move(*lease), facts);
  });
}

void RelayService::end_source(unsigned worker, std::uint64_t lease, EndReason reason) {
  Worker& home = *services_.workers[worker];
  home.loop.post([&home, lease, reason] { home.sources.kill(lease, reason); });
}

}  // namespace lb
