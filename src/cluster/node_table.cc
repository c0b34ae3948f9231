#include "cluster/node_table.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr auto kLost = 5s;          // an unconfirmed redirect, before the sample of a newer report
constexpr auto kOnItsWay = 500ms;   // the same, where arrivals are not counted
constexpr auto kToldBy = 500ms;     // a report this much after a redirect would count its arrival
constexpr unsigned kStuckMs = 200;  // a turn of a loop
constexpr unsigned kMostMasters = 8;
constexpr unsigned kHintsForProbe = 3;
constexpr auto kHintMemory = 30s;
constexpr auto kProbePause = 2s;
constexpr auto kProbeAgain = 5s;  // of a node out of reach
constexpr auto kWindow = 10s;
constexpr std::uint64_t kWindowLeast = 20;
constexpr auto kDoubt = 60s;
constexpr auto kSweepPause = 60s;
constexpr std::size_t kMostTags = 64;
constexpr double kMostKbps = 1e12;

// Numbers come from outside.
double sane(double kbps) { return std::isfinite(kbps) ? std::clamp(kbps, 0.0, kMostKbps) : 0.0; }

template <class T>
T within(T claimed, T most) {
  return most > 0 && (claimed <= 0 || claimed > most) ? most : claimed;
}

std::string number(std::uint64_t n) { return std::to_string(n); }

}  // namespace

std::string_view to_text(NodeEvent::Kind kind) noexcept {
  switch (kind) {
    case NodeEvent::Kind::kUp:
      return "up";
    case NodeEvent::Kind::kSuspect:
      return "suspect";
    case NodeEvent::Kind::kDown:
      return "down";
    case NodeEvent::Kind::kDrain:
      return "drain";
    case NodeEvent::Kind::kProbeWanted:
      return "probe wanted";
  }
  return "";
}

NodeTable::NodeTable(Settings settings, SteadyTime started)
    : settings_(settings),
      hold_until_(settings.expected > 0 ? started + settings.hold : started),
      next_sweep_(started + kSweepPause) {}

void NodeTable::configure(const Settings& settings, SteadyTime now) {
  settings_ = settings;
  membership_changed(now);
}

// -- who is there --------------------------------------------------------------------------------

NodeSlot NodeTable::free_slot() {
  for (const Node& node : nodes_) {
    if (node.id.empty()) return slot_of(node);
  }
  nodes_.emplace_back();
  return static_cast<NodeSlot>(nodes_.size() - 1);
}

Result<NodeSlot> NodeTable::hello(NodeHello hello, SteadyTime now) {
  if (hello.id.empty()) return Error::invalid("a node without an id says hello; it is not listed");
  NodeSlot slot = find(hello.id);
  const bool listed = slot != kNoNode;
  if (!listed) {
    slot = free_slot();
    by_id_.emplace(hello.id, slot);
    by_key_.emplace(node_key(hello.id), slot);
  }
  Node& node = nodes_[slot];
  const bool alive = listed && node.state_at(now) != NodeState::kDead;
  const bool same_run = alive && node.epoch == hello.epoch && node.kind == hello.kind;
  if (alive && !same_run && node.kind == NodeKind::kLink) {
    return Error::denied("node " + hello.id +
                         ": a process with this id is connected; the second one is refused");
  }
  if (same_run) {
    describe(node, std::move(hello), now);
    return slot;
  }
  if (listed) carriers_.forget_node(slot);
  const SteadyTime last_probe = node.last_probe;
  node = Node{};
  node.state = NodeState::kDead;  // until become()
  node.last_probe = last_probe;
  node.arrivals_seen = hello.arrivals;
  node.counts_load = hello.kind == NodeKind::kLink || hello.kind == NodeKind::kSelf;
  node.window_since = now;
  describe(node, std::move(hello), now);
  if (node.kind == NodeKind::kSelf) self_ = slot;
  become(node, node.kind == NodeKind::kLink ? NodeState::kJoining : NodeState::kUp, "", now);
  return slot;
}

void NodeTable::describe(Node& node, NodeHello&& hello, SteadyTime now) {
  node.id = std::move(hello.id);
  node.key = node_key(node.id);
  node.epoch = std::move(hello.epoch);
  node.kind = hello.kind;
  node.scope = hello.scope;
  node.enforces = hello.enforces;
  node.addresses = std::move(hello.addresses);
  node.reach = 0;
  for (const PublicScheme scheme : {PublicScheme::kHttp, PublicScheme::kHttps}) {
    for (const ClientFamily family :
         {ClientFamily::kUnknown, ClientFamily::kIpv4, ClientFamily::kIpv6}) {
      if (node.address_for(scheme, family) != nullptr)
        node.reach |= Node::reach_bit(scheme, family);
    }
  }
  node.capacity = hello.capacity;
  node.capacity.kbps = sane(node.capacity.kbps);
  node.limits = hello.limits;
  node.tag_names = std::move(hello.tags);
  node.tags = intern(node.tag_names);
  node.said_countries = std::move(hello.countries);
  node.every = std::max(hello.every, 50ms);
  node.masters = static_cast<std::uint8_t>(std::clamp(hello.masters, 1U, kMostMasters));
  weigh(node);
  expect_report(node, now);
}

std::uint64_t NodeTable::intern(const std::vector<std::string>& tags) {
  std::uint64_t bits = 0;
  for (const std::string& tag : tags) {
    const auto found = tags_.find(tag);
    if (found != tags_.end()) {
      bits |= found->second;
    } else if (tags_.size() < kMostTags) {
      const std::uint64_t bit = std::uint64_t{1} << tags_.size();
      tags_.emplace(tag, bit);
      bits |= bit;
    }
  }
  return bits;
}

// Capacity, clamps and weight → what policies compare and what is never exceeded.
void NodeTable::weigh(Node& node) {
  node.countries = node.limits.countries.empty() ? node.said_countries : node.limits.countries;
  const double kbps = within(node.capacity.kbps, node.limits.most.kbps);
  const unsigned listeners = within(node.capacity.listeners, node.limits.most.listeners);
  const unsigned accepts = within(node.capacity.accepts, node.limits.most.accepts);
  node.hard_kbps = kbps > 0 ? kbps : Node::kNoLimit;
  node.hard_listeners = listeners > 0 ? listeners : Node::kNoLimit;
  const double by_listeners = listeners > 0 ? listeners * kNominalListenerKbps : Node::kNoLimit;
  const double size = std::min(node.hard_kbps, by_listeners);
  node.share_kbps = (size < Node::kNoLimit ? size : kNominalKbps) * node.limits.weight;
  const double before = node.rendezvous_weight;
  if (std::abs(node.share_kbps - before) > before / 5) node.rendezvous_weight = node.share_kbps;
  node.accepts.set(static_cast<double>(accepts) / node.masters);
}

void NodeTable::set_limits(NodeSlot slot, NodeLimits limits) {
  Node& node = nodes_[slot];
  node.limits = std::move(limits);
  weigh(node);
}

void NodeTable::forget(NodeSlot slot) {
  Node& node = nodes_[slot];
  carriers_.forget_node(slot);
  by_id_.erase(node.id);
  by_key_.erase(node.key);
  if (self_ == slot) self_ = kNoNode;
  node = Node{};
  node.state = NodeState::kDead;
}

// -- state ---------------------------------------------------------------------------------------

void NodeTable::become(Node& node, NodeState state, std::string why, SteadyTime now) {
  const NodeState before = node.state;
  node.why = std::move(why);
  if (before == state) return;
  node.state = state;
  node.since = now;
  if (state == NodeState::kDead) {
    carriers_.forget_node(slot_of(node));
    node.unacked.clear();
    node.reported_kbps = node.reported_listeners = 0;
    node.dead_at = node.suspect_at = SteadyTime::max();
  }
  if (state == NodeState::kDead || before == NodeState::kDead || before == NodeState::kJoining) {
    membership_changed(now);
  }
  using Kind = NodeEvent::Kind;
  if (state == NodeState::kJoining) return;
  const Kind kind = state == NodeState::kUp         ? Kind::kUp
                    : state == NodeState::kSuspect  ? Kind::kSuspect
                    : state == NodeState::kDraining ? Kind::kDrain
                                                    : Kind::kDown;
  events_.push_back({kind, slot_of(node), node.id, node.why});
}

void NodeTable::membership_changed(SteadyTime now) {
  int places = settings_.max_redirect_slaves;
  unsigned here = 0;
  for (Node& node : nodes_) {
    node.turns = 0;
    if (node.kind == NodeKind::kSelf) continue;
    const bool alive = node.state != NodeState::kDead;
    node.admitted = alive && places != 0;
    if (node.admitted && places > 0) --places;
    if (alive && node.state != NodeState::kJoining && node.kind != NodeKind::kStatic) ++here;
  }
  if (here >= settings_.expected) hold_until_ = std::min(hold_until_, now);
}

// Up or suspect, for a node that is heard of and takes listeners.
void NodeTable::judge(Node& node, SteadyTime now) {
  if (node.state != NodeState::kUp && node.state != NodeState::kSuspect) return;
  if (node.unreachable) {
    become(node, NodeState::kSuspect, "its public address does not answer", now);
  } else if (node.loop_ms > kStuckMs) {
    become(node, NodeState::kSuspect, "its loop took " + number(node.loop_ms) + " ms", now);
  } else if (now < node.doubted_until) {
    become(node, NodeState::kSuspect, "of the listeners sent there, less than half arrived", now);
  } else if (now >= node.suspect_at) {
    become(node, NodeState::kSuspect,
           "no report for " + number(static_cast<std::uint64_t>((now - node.last_report) / 1ms)) +
               " ms",
           now);
  } else {
    become(node, NodeState::kUp, "", now);
  }
}

void NodeTable::expect_report(Node& node, SteadyTime now) {
  node.last_report = now;
  if (node.kind == NodeKind::kLink) {
    node.suspect_at = now + node.every * 3 / 2 + 100ms;
    node.dead_at = now + node.every * 4;
  } else if (node.kind == NodeKind::kLegacy) {
    node.suspect_at = now + node.every + 2s;
    node.dead_at = now + node.every + 10s;
  }
}

void NodeTable::expire(SteadyTime now) {
  for (Node& node : nodes_) {
    if (node.state == NodeState::kDead) continue;
    if (node.kind == NodeKind::kStatic) node.unacked.pop_before(now - settings_.session_guess);
    if (node.state_at(now) == NodeState::kDead) {
      become(node, NodeState::kDead,
             "no report for " + number(static_cast<std::uint64_t>((now - node.last_report) / 1ms)) +
                 " ms",
             now);
      continue;
    }
    judge(node, now);
    if (node.unreachable && !node.probing && now - node.last_probe >= kProbeAgain)
      want_probe(node, node.why);
  }
  if (now >= next_sweep_) sweep(now);
}

SteadyTime NodeTable::next_expiry() const noexcept {
  SteadyTime next = SteadyTime::max();
  for (const Node& node : nodes_) {
    if (node.state == NodeState::kDead) continue;
    next = std::min(next, node.dead_at);
    if (node.state == NodeState::kUp) next = std::min(next, node.suspect_at);
    if (node.unreachable && !node.probing) next = std::min(next, node.last_probe + kProbeAgain);
  }
  return next;
}

void NodeTable::drain(NodeSlot slot, std::string why, SteadyTime now) {
  if (nodes_[slot].state != NodeState::kDead)
    become(nodes_[slot], NodeState::kDraining, std::move(why), now);
}

void NodeTable::undrain(NodeSlot slot, SteadyTime now) {
  if (nodes_[slot].state == NodeState::kDraining) become(nodes_[slot], NodeState::kUp, "", now);
}

void NodeTable::bye(NodeSlot slot, std::string why, SteadyTime now) {
  become(nodes_[slot], NodeState::kDead, std::move(why), now);
}

void NodeTable::connection_lost(NodeSlot slot, std::string why, SteadyTime now) {
  if (nodes_[slot].kind == NodeKind::kLink)
    become(nodes_[slot], NodeState::kDead, std::move(why), now);
}

// -- load ----------------------------------------------------------------------------------------

void NodeTable::report(NodeSlot slot, const LoadReport& report) {
  Node& node = nodes_[slot];
  const SteadyTime now = report.received;
  if (node.state == NodeState::kDead) {
    if (node.kind == NodeKind::kLink) return;  // says hello first
    become(node, NodeState::kUp, "", now);
  }
  expect_report(node, now);
  node.sampled = std::min(report.sampled, now);
  node.loop_ms = report.loop_ms;
  node.relays = report.relays;
  if (report.masters) {
    node.masters = static_cast<std::uint8_t>(std::clamp(*report.masters, 1U, kMostMasters));
    weigh(node);
  }
  node.counts_load = report.kbps || report.listeners || node.kind == NodeKind::kLink;
  if (report.listeners) node.reported_listeners = *report.listeners;
  if (report.kbps) {
    node.reported_kbps = sane(*report.kbps);
  } else if (report.listeners) {
    node.reported_kbps = *report.listeners * kNominalListenerKbps;
  }
  take_arrivals(node, report);
  for (const MountLoad& load : report.changed) carriers_.see(slot, load);
  judge(node, now);
}

void NodeTable::take_arrivals(Node& node, const LoadReport& report) {
  node.counts_arrivals = report.arrivals.has_value();
  if (!node.counts_load) {
    node.unacked.pop_before(node.sampled - settings_.session_guess);
    return;
  }
  if (!report.arrivals) {
    node.unacked.pop_before(node.sampled - kOnItsWay);
    return;
  }
  const std::uint64_t before = node.arrivals_seen.value_or(*report.arrivals);
  node.arrivals_seen = report.arrivals;
  const std::uint64_t fresh = *report.arrivals > before ? *report.arrivals - before : 0;
  node.arrived += fresh;
  node.unacked.pop(fresh);
  node.lost += node.unacked.pop_before(node.sampled - kLost);
  if (report.received - node.window_since < kWindow) return;
  const std::uint64_t arrived = node.arrived - node.window_arrived;
  const std::uint64_t lost = node.lost - node.window_lost;
  if (arrived + lost >= kWindowLeast && lost > arrived)
    node.doubted_until = report.received + kDoubt;
  node.window_since = report.received;
  node.window_arrived = node.arrived;
  node.window_lost = node.lost;
}

void NodeTable::issued(NodeSlot slot, std::string_view mount, double kbps, SteadyTime now) {
  Node& node = nodes_[slot];
  node.unacked.push(now, sane(kbps));
  node.accepts.take(now);
  ++node.issued;
  ++node.turns;
  carriers_.sent(slot, mount, now, node.sampled);
}

// -- clients that come back -----------------------------------------------------------------------

RedirectOutcome NodeTable::outcome(NodeSlot slot, SteadyTime given) const noexcept {
  if (slot == kNoNode) return RedirectOutcome::kUnknown;
  const Node& node = nodes_[slot];
  if (!node.counts_load || node.state == NodeState::kDead) return RedirectOutcome::kUnknown;
  if (!node.counts_arrivals) {
    return node.sampled > given + kOnItsWay ? RedirectOutcome::kArrived : RedirectOutcome::kUnknown;
  }
  if (node.sampled > given && node.unacked.oldest() > given) return RedirectOutcome::kArrived;
  return node.sampled > given + kToldBy ? RedirectOutcome::kLost : RedirectOutcome::kUnknown;
}

void NodeTable::hint(NodeSlot slot, SteadyTime now) {
  Node& node = nodes_[slot];
  if (node.state == NodeState::kDead) return;
  if (now - node.last_hint > kHintMemory) node.hints = 0;
  node.last_hint = now;
  ++node.hints;
  if (node.hints >= kHintsForProbe && !node.probing && now - node.last_probe >= kProbePause) {
    want_probe(node, number(node.hints) + " clients came back unserved");
  }
}

void NodeTable::want_probe(Node& node, std::string why) {
  node.probing = true;
  events_.push_back({NodeEvent::Kind::kProbeWanted, slot_of(node), node.id, std::move(why)});
}

void NodeTable::probed(NodeSlot slot, bool answered, SteadyTime now) {
  Node& node = nodes_[slot];
  node.probing = false;
  node.hints = 0;
  node.last_probe = now;
  node.unreachable = !answered;
  judge(node, now);
}

// -- mounts --------------------------------------------------------------------------------------

// Nodes that were sent a listener who never came.
void NodeTable::sweep(SteadyTime now) {
  next_sweep_ = now + kSweepPause;
  carriers_.sweep(
      [&](const Carrier& carrier) { return carrier.enforces != 0 || carries(carrier, now); });
}

bool NodeTable::carries(const Carrier& carrier, SteadyTime now) const noexcept {
  if (carrier.reported) return true;
  const Node& node = nodes_[carrier.node];
  const SteadyTime::duration memory = node.counts_load
                                          ? SteadyTime::duration(node.every * 2 + 1s)
                                          : SteadyTime::duration(settings_.session_guess);
  return carrier.recent > 0 && now - carrier.sent < memory;
}

void NodeTable::snapshot(NodeSlot slot, const std::vector<MountLoad>& mounts, SteadyTime now) {
  Node& node = nodes_[slot];
  if (node.state == NodeState::kDead) return;
  carriers_.see_all(slot, mounts);
  expect_report(node, now);
  if (node.state == NodeState::kJoining) become(node, NodeState::kUp, "", now);
  judge(node, now);
}

void NodeTable::delta(NodeSlot slot, const std::vector<MountLoad>& changed) {
  if (nodes_[slot].state == NodeState::kDead) return;
  for (const MountLoad& load : changed) carriers_.see(slot, load);
}

void NodeTable::set_mount_kbps(std::string_view mount, double kbps) {
  carriers_.set_kbps(mount, sane(kbps));
}

// -- questions -----------------------------------------------------------------------------------

NodeSlot NodeTable::find(std::string_view id) const noexcept {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? kNoNode : found->second;
}

NodeSlot NodeTable::find(NodeKey key) const noexcept {
  const auto found = by_key_.find(key);
  return found == by_key_.end() ? kNoNode : found->second;
}

std::uint64_t NodeTable::mount_listeners(std::string_view mount) const noexcept {
  const MountNodes* row = this->mount(mount);
  std::uint64_t sum = 0;
  if (row != nullptr) {
    for (const Carrier& carrier : row->carriers) sum += carrier.listeners;
  }
  return sum;
}

std::uint64_t NodeTable::listeners() const noexcept {
  double sum = 0;
  for (const Node& node : nodes_) sum += node.reported_listeners;
  return static_cast<std::uint64_t>(sum);
}

std::uint64_t NodeTable::tag_bit(std::string_view tag) const noexcept {
  const auto found = tags_.find(tag);
  return found == tags_.end() ? 0 : found->second;
}

std::vector<NodeEvent> NodeTable::take_events() { return std::exchange(events_, {}); }

}  // namespace lb
