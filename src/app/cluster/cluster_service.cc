#include "app/cluster/cluster_service.h"

#include <algorithm>
#include <utility>

#include "app/cluster/cluster_links.h"
#include "app/cluster/master_links.h"
#include "app/cluster/relay_service.h"
#include "app/services/event_service.h"
#include "app/services/network.h"
#include "app/topology/cluster_plans.h"
#include "app/topology/node_probes.h"
#include "base/cat.h"
#include "base/encoding.h"
#include "cluster/polling/report_intake.h"
#include "cluster/relay/pull_verifier.h"
#include "config/settings/cluster_id.h"
#include "net/crypto/digest.h"
#include "net/loop/loop.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr auto kClusterTick = 250ms;
constexpr Rate kStateRate{10, 1s};  // ten at once, then one a second
constexpr auto kHeardOfKeys = 30s;
constexpr std::size_t kMaxHeld = 20'000;
constexpr auto kAnotherOffset = 100ms;  // a token is valid for a minute
constexpr std::size_t kMaxGoneRules = 1000;
constexpr std::size_t kMaxClocks = 256;  // of present and former masters

bool is_state(NodeEvent::Kind kind) {
  using Kind = NodeEvent::Kind;
  return kind == Kind::kUp || kind == Kind::kSuspect || kind == Kind::kDown || kind == Kind::kDrain;
}

}  // namespace

ClusterService::ClusterService(Network& network)
    : network_(network),
      rng_(Rng::from_entropy()),
      epoch_(hex_encode(random_bytes(4))),
      facts_(std::make_shared<const ClusterFacts>()),
      clocks_(std::make_shared<const MasterClocks>()),
      link_secret_(hex_encode(random_bytes(32))),
      link_keys_(link_secret_),
      decider_(table_settings(*network.config.read()), BalanceSettings{}, Rng::from_entropy(),
               network.clock.steady(),
               [this] { network_.loops.control().post([this] { publish_events(); }); }),
      reports_(std::make_unique<ReportIntake>(decider_, network.log)),
      pulls_(std::make_unique<PullVerifier>(network.log)),
      probes_(std::make_unique<NodeProbes>(decider_, network.loops.control())),
      held_(network.loops.control(), {.all = kMaxHeld},
            [this](const std::string&) { release_held(); }),
      tick_(network.loops.control(), [this] { tick(); }),
      grace_(network.loops.control(),
             [this] { wants_tokens_.store(true, std::memory_order_relaxed); }) {}

ClusterService::~ClusterService() = default;

SteadyTime ClusterService::now() const { return network_.loops.control().now(); }

std::shared_ptr<ClusterFacts> ClusterService::facts_of(const Config& config,
                                                       const ClusterFacts& before) const {
  auto facts = std::make_shared<ClusterFacts>();
  facts->epoch = epoch_;
  facts->id = before.id.empty() ? cluster_id(config, epoch_) : before.id;
  facts->mark = cat({facts->id, ".", epoch_});
  facts->redirects = config.cluster.max_redirect_slaves != 0;
  facts->keys = TokenKeys(config.cluster.token_keys);
  facts->require = config.cluster.token_require;
  facts->names.push_back(facts->id);
  for (const MasterSettings& master : config.masters) facts->names.push_back(master.username);
  facts->known = known_nodes(config);
  weigh(facts->known);
  for (const MasterSettings& master : config.masters) {
    if (master.password.empty()) continue;
    facts->as_node.emplace_back();
    facts->as_node.back().nodes.emplace_back();
    facts->as_node.back().nodes.back().id = master.username;
    facts->as_node.back().nodes.back().secret = master.password;
  }
  facts->member = facts->redirects || !config.cluster.id.empty() ||
                  config.cluster.master_public_slave ||
                  std::any_of(config.masters.begin(), config.masters.end(),
                              [](const MasterSettings& master) { return master.redirect; });
  facts->no_redirect = config.cluster.no_redirect;
  facts->places = count_places(config, facts->member);
  return facts;
}

// Puts this node, if it redirects, and the configured nodes into the table; removes all others.
void ClusterService::configure_table(const Config& config, const ClusterFacts& facts) {
  NodeHello self = own_hello(config, epoch_, facts.places);
  self.id = facts.id;
  self.limits.weight = self_weight();
  std::vector<std::string> statics;
  std::vector<NodeHello> others = static_nodes(config);
  for (const NodeHello& node : others) statics.push_back(node.id);
  const SteadyTime time = now();
  const auto known = decider_.with_table([&](NodeTable& table) -> Result<void> {
    table.configure(table_settings(config), time);
    Result<void> outcome;
    if (facts.redirects) {
      if (const auto slot = table.hello(std::move(self), time); !slot) outcome = slot.error();
    } else if (table.self() != kNoNode) {
      table.forget(table.self());
    }
    for (NodeHello& node : others)
      static_cast<void>(table.hello(std::move(node), time));  // its id was made here
    for (const std::string& id : static_ids_) {
      const NodeSlot slot = table.find(id);
      if (slot != kNoNode && std::find(statics.begin(), statics.end(), id) == statics.end())
        table.forget(slot);
    }
    return outcome;
  });
  if (!known) network_.log.error("cluster/cluster", known.error().what);
  static_ids_ = std::move(statics);
}

void ClusterService::configure(const Config& config) {
  if (stopped_) return;
  const auto before = facts_.read();
  auto facts = facts_of(config, *before);
  reports_->configure(facts->known, now());
  settings_ = balance_settings(config);
  configure_table(config, *facts);
  if (facts->redirects)
    drain_changed();  // a new configuration does not end a drain
  else
    reported_.clear();
  configure_mounts();

  const bool logged = before->redirects == facts->redirects && !before->id.empty();
  if (!logged && facts->redirects)
    network_.log.info(
        "cluster/cluster",
        cat({"node ", facts->id, " redirects listeners to the nodes that report to it"}));
  redirects_.store(facts->redirects, std::memory_order_relaxed);
  require_tokens(config, *before, *facts);
  facts_.publish(std::move(facts));
  concerned_ = redirects() || !facts_.read()->known.empty() || !static_ids_.empty();
  release_if_known();  // fewer nodes may be expected now
  tick();
}

// A master that is not linked signs its redirects only if it has the keys, and has read in a report
// that this node checks them; until then its listeners are not refused.
void ClusterService::require_tokens(const Config& config, const ClusterFacts& before,
                                    const ClusterFacts& facts) {
  grace_.cancel();
  const bool wants = facts.require != TokenRequire::kOff && !facts.keys.empty();
  const bool starts = before.id.empty();
  const bool asked_before = before.require != TokenRequire::kOff && facts.keys == before.keys;
  const bool wait = wants && !starts && !(asked_before && wants_tokens()) &&
                    !network_.links->masters().all_keyed(config.masters.size());
  if (wait) {
    grace_.after(kHeardOfKeys);
    network_.log.info(
        "cluster/token",
        cat({"listeners without a token are served for another ", kHeardOfKeys.count(),
             " s: masters without a link do not know the keys yet"}));
  }
  wants_tokens_.store(wants && !wait, std::memory_order_relaxed);
}

void ClusterService::drain_changed() {
  const bool drains = network_.drain.draining();
  const SteadyTime time = now();
  decider_.with_table([&](NodeTable& table) {
    if (table.self() == kNoNode) return;
    if (drains)
      table.drain(table.self(), "it was asked to", time);
    else
      table.undrain(table.self(), time);
  });
}

std::vector<std::string> ClusterService::node_origins() const {
  std::set<std::string> origins;
  decider_.with_table([&origins](const NodeTable& table) {
    for (const Node& node : table.nodes()) {
      if (node.id.empty()) continue;
      for (const NodeAddress& address : node.addresses) origins.insert(origin_of(address));
    }
  });
  return {origins.begin(), origins.end()};
}

void ClusterService::stop() {
  stopped_ = true;
  tick_.cancel();
  grace_.cancel();
  held_.clear();
  probes_->stop();
}

std::optional<BalanceRules> ClusterService::rules_of(const Config& config,
                                                     const std::string& mount) const {
  const MountBalance& own = mount_section(config, mount).balance;
  if (own == MountBalance{}) return std::nullopt;
  return balance_rules(settings_.rules, own);
}

// Collects mounts whose section has its own <balance>.  Sections may be patterns; rules have names.
void ClusterService::configure_mounts() {
  const auto config = network_.config.read();
  BalanceSettings settings = settings_;
  ruled_.clear();
  const auto all = network_.mounts.all();
  for (const auto& [name, mount] : *all) {
    ruled_.insert(name);
    if (auto rules = rules_of(*config, name)) settings.mounts.emplace(name, std::move(*rules));
  }
  decider_.configure(std::move(settings), ruled_);
}

// Of one mount, since a crowd may ask for many new ones.  Those that are gone are forgotten once
// they are the greater part.
void ClusterService::read_rules(const std::string& mount) {
  ruled_.insert(mount);
  decider_.set_rules(mount, rules_of(*network_.config.read(), mount));
  if (ruled_.size() > 2 * network_.mounts.all()->size() + kMaxGoneRules) configure_mounts();
}

// The mount may be newer than the last configure_mounts().
void ClusterService::know_rules_of(const std::string& mount) {
  if (!ruled_.contains(mount) && network_.mounts.find(mount)) read_rules(mount);
}

void ClusterService::records_changed(std::span<const std::string> mounts) {
  for (const std::string& mount : mounts)
    if (ruled_.contains(mount)) read_rules(mount);
}

void ClusterService::tick() {
  tick_.cancel();
  if (stopped_ || !concerned_) return;
  const SteadyTime time = now();
  if (redirects()) report_self(time);
  masters_changed();
  decider_.expire(time);
  publish_states(time);
  tick_.after(coalesced(network_.loops.control(), kClusterTick));
}

// Masters' ids arrive with their links or lists, at any time.
void ClusterService::masters_changed() {
  if (stopped_ || !redirects()) return;
  std::set<std::string, std::less<>> ids;
  network_.links->masters().add_master_ids(ids);
  network_.relays->add_master_ids(ids);
  if (ids == masters_) return;
  masters_ = ids;
  decider_.set_masters(std::move(ids));
}

// A node that changes its state all the time would start a program, and write a line, each time. Of
// what is faster than kStateRate, the last state is published as soon as the rate allows it.
void ClusterService::publish_events() {
  const SteadyTime time = now();
  for (NodeEvent& event :
       decider_.with_table([](NodeTable& table) { return table.take_events(); })) {
    if (event.kind == NodeEvent::Kind::kProbeWanted) {
      probes_->probe(event.slot, network_.relays->connector());
      continue;
    }
    NodePace& pace = paces_[event.id];
    if (is_state(event.kind)) {
      if (pace.states.take(time, kStateRate)) {
        pace.waiting.reset();
        publish(event);
      } else {
        pace.waiting = std::move(event);
      }
    } else if (unsigned held = 0; pace.others.pass(time, held)) {
      if (held > 0) event.why += cat({" (and ", held, " more)"});
      publish(event);
    }
  }
  release_if_known();
}

void ClusterService::publish_states(SteadyTime time) {
  for (auto& [id, pace] : paces_)
    if (pace.waiting && pace.states.take(time, kStateRate))
      publish(*std::exchange(pace.waiting, std::nullopt));
}

void ClusterService::publish(const NodeEvent& event) {
  using Kind = NodeEvent::Kind;
  const std::string why = event.why.empty() ? "" : ": " + event.why;
  const auto tell = [&](const char* type) {
    network_.events->publish(type, event.id, {{"why", event.why}});
  };
  switch (event.kind) {
    case Kind::kUp:
      network_.log.info("cluster/node", cat({"node ", event.id, " is up"}));
      tell("node-up");
      break;
    case Kind::kSuspect:
      network_.log.warn("cluster/node", cat({"node ", event.id, " is suspect", why}));
      tell("node-suspect");
      break;
    case Kind::kDown:
      network_.log.warn("cluster/node", cat({"node ", event.id, " is down", why}));
      tell("node-down");
      break;
    case Kind::kDrain:
      network_.log.info("cluster/node", cat({"node ", event.id, " takes no new listeners", why}));
      tell("node-drain");
      break;
    case Kind::kLoadDoubted:
      network_.log.warn("cluster/node", cat({"node ", event.id,
                                             ": what it says of its load is not believed", why}));
      break;
    case Kind::kLoadBelieved:
      network_.log.info("cluster/node", cat({"node ", event.id, " has lost its listeners", why}));
      break;
    case Kind::kProbeWanted:
      break;  // nothing to tell
    case Kind::kCannotPull:
      network_.log.warn("cluster/node", cat({"node ", event.id, " cannot pull ", event.why,
                                             "; no listener is sent there for it"}));
      break;
    case Kind::kPullsAgain:
      network_.log.info("cluster/node",
                        cat({"node ", event.id, " says no more that it cannot pull ", event.why}));
      break;
  }
}

void ClusterService::release_if_known() {
  if (held_.size() == 0) return;
  const SteadyTime until =
      decider_.with_table([](const NodeTable& table) { return table.hold_until(); });
  if (until <= now()) held_.extend({}, 0us);
}

// -- listeners ------------------------------------------------------------------------------------

std::optional<RedirectAnswer> ClusterService::decide_here(const RedirectAsk& ask) {
  if (stopped_) return RedirectAnswer{.kind = RedirectAnswer::Kind::kServeRelay};
  Decision decision = decider_.decide(ask, network_.clock.steady());
  if (decision.kind == Decision::Kind::kHold || decision.kind == Decision::Kind::kNewMount)
    return std::nullopt;
  return answer_of(std::move(decision), ask);
}

void ClusterService::decide(RedirectAsk ask, Then then) {
  if (stopped_) {
    then({.kind = RedirectAnswer::Kind::kServeRelay});
    return;
  }
  know_rules_of(ask.mount);
  const SteadyTime time = now();
  Decision decision = decider_.decide(ask, time, true);
  Held held{std::move(ask), std::move(then)};
  if (decision.kind != Decision::Kind::kHold ||
      !held_.park({}, std::move(held), decision.hold_until - time))
    held.then(answer_of(std::move(decision), held.ask));
}

void ClusterService::release_held() {
  for (Held& held : held_.release({})) decide(std::move(held.ask), std::move(held.then));
}

Choice ClusterService::explain(const RedirectAsk& ask, PickTrace& trace) {
  know_rules_of(ask.mount);
  return decider_.explain(ask, now(), trace);
}

// -- clocks of masters ----------------------------------------------------------------------------

void ClusterService::set_master_clock(const std::string& master, std::chrono::milliseconds ahead) {
  const auto before = clocks_.read();
  const auto known = before->ahead.find(master);
  if (known != before->ahead.end() && std::chrono::abs(known->second - ahead) < kAnotherOffset)
    return;
  if (known == before->ahead.end() && before->ahead.size() >= kMaxClocks) return;
  auto next = std::make_shared<MasterClocks>(*before);
  next->ahead[master] = ahead;
  clocks_.publish(std::move(next));
}

}  // namespace lb
