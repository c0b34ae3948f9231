#include "cluster/nodes/node_table.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/cat.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr unsigned kMaxMasters = 8;
constexpr auto kJoins = 5s;
constexpr std::size_t kMaxTags = 64;

template <class T>
T within(T claimed, T most) {
  return most > 0 && (claimed <= 0 || claimed > most) ? most : claimed;
}

}  // namespace

NodeTable::NodeTable(Settings settings, SteadyTime started)
    : settings_(std::move(settings)),
      hold_until_(settings_.expected > 0 ? started + settings_.hold : started),
      next_sweep_(started + kSweepPause) {
  know_tags();
}

void NodeTable::configure(const Settings& settings, SteadyTime now) {
  settings_ = settings;
  know_tags();
  membership_changed(now);
}

// -- membership ---------------------------------------------------------------------------------

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
    return Error::denied(cat(
        {"node ", hello.id, ": a process with this id is connected; the second one is refused"}));
  }
  if (same_run) {
    hello.arrivals = node.arrivals;
    describe(node, std::move(hello), now);
    return slot;
  }
  if (listed) carriers_.forget_node(slot);
  const SteadyTime last_probe = node.last_probe;
  // The redirects sent lately still count for a node that reconnects repeatedly.
  node.sent.forgive(now, settings_.session_guess);
  const SentLately sent = node.sent;
  const bool doubted = node.doubted_load;
  node = Node{};
  node.sent = sent;
  node.doubted_load = doubted;
  node.state = NodeState::kDead;  // until become()
  node.last_probe = last_probe;
  node.counts_load = hello.kind == NodeKind::kLink || hello.kind == NodeKind::kSelf;
  node.window_since = now;
  describe(node, std::move(hello), now);
  believe(node, now);
  if (node.kind == NodeKind::kSelf) self_ = slot;
  become(node, node.kind == NodeKind::kLink ? NodeState::kJoining : NodeState::kUp, "", now);
  // The first report arrives a round trip later.
  if (node.kind == NodeKind::kLink) node.dead_at = now + kJoins;
  return slot;
}

void NodeTable::describe(Node& node, NodeHello&& hello, SteadyTime now) {
  node.kind = hello.kind;
  node.scope = hello.scope;
  node.enforces = hello.enforces;
  node.masters = static_cast<std::uint8_t>(std::clamp(hello.masters, 1U, kMaxMasters));
  static_cast<NodeHello&>(node) = std::move(hello);
  node.key = node_key(node.id);
  if (node.answers && std::find(node.addresses.begin(), node.addresses.end(), *node.answers) ==
                          node.addresses.end())
    node.answers.reset();
  node.reach = 0;
  for (const PublicScheme scheme : {PublicScheme::kHttp, PublicScheme::kHttps}) {
    for (const ClientFamily family :
         {ClientFamily::kUnknown, ClientFamily::kIpv4, ClientFamily::kIpv6}) {
      if (node.address_for(scheme, family) != nullptr)
        node.reach |= Node::reach_bit(scheme, family);
    }
  }
  node.capacity.kbps = sane_kbps(node.capacity.kbps);
  node.capacity.ingest_kbps = sane_kbps(node.capacity.ingest_kbps);
  node.tags = bits_of(node.NodeHello::tags);
  node.every = std::max(node.every, 50ms);
  if (node.out_after <= 0ms) node.out_after = node.every + 10s;
  weigh(node);
  expect_report(node, now);
}

// Tag bits may have another meaning after a reload, so the tags of all nodes are read again.
void NodeTable::know_tags() {
  tags_.clear();
  for (const std::string& tag : settings_.tags) {
    if (tags_.size() == kMaxTags) break;
    tags_.try_emplace(tag, std::uint64_t{1} << tags_.size());
  }
  for (Node& node : nodes_) node.tags = bits_of(node.NodeHello::tags);
}

std::uint64_t NodeTable::bits_of(const std::vector<std::string>& tags) const {
  std::uint64_t bits = 0;
  for (const std::string& tag : tags) bits |= tag_bit(tag);
  return bits;
}

// Computes from capacity, clamps and weight the values that policies compare and the hard limits.
void NodeTable::weigh(Node& node) {
  node.countries =
      node.limits.countries.empty() ? node.NodeHello::countries : node.limits.countries;
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

// -- load ----------------------------------------------------------------------------------------

bool NodeTable::report(NodeSlot slot, const LoadReport& report) {
  Node& node = nodes_[slot];
  const SteadyTime now = report.received;
  if (node.state == NodeState::kDead) {
    if (node.kind == NodeKind::kLink) return true;  // the node says hello first
    become(node, NodeState::kUp, "", now);
  }
  expect_report(node, now);
  node.sampled = std::min(report.sampled, now);
  node.loop_ms = report.loop_ms;
  node.relays = report.relays;
  node.cannot = report.cannot;
  if (report.checks_tokens) node.checks_tokens = *report.checks_tokens;
  if (report.masters) {
    node.masters = static_cast<std::uint8_t>(std::clamp(*report.masters, 1U, kMaxMasters));
    weigh(node);
  }
  node.counts_load = report.kbps || report.listeners || node.kind == NodeKind::kLink;
  if (report.listeners) node.reported_listeners = *report.listeners;
  if (report.kbps) {
    node.reported_kbps = sane_kbps(*report.kbps);
  } else if (report.listeners) {
    node.reported_kbps = *report.listeners * kNominalListenerKbps;
  }
  take_arrivals(node, report);
  node.gone_kbps = node.counts_load ? 0 : std::min(node.gone_kbps, node.unacked.kbps());
  node.gone_listeners =
      node.counts_load ? 0
                       : std::min(node.gone_listeners, static_cast<double>(node.unacked.count()));
  judge_load(node, now);
  const bool all = see(node, report.changed, false, node.sampled);
  judge(node, now);
  return all;
}

void NodeTable::set_mount_kbps(std::string_view mount, double kbps) {
  carriers_.set_kbps(mount, sane_kbps(kbps));
}

// -- queries -------------------------------------------------------------------------------------

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
