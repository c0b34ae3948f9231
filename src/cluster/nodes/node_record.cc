#include "cluster/nodes/node_record.h"

#include <algorithm>
#include <utility>

#include "cluster/nodes/node_table.h"

namespace lb {
namespace {

NodeRecord save_node(const Node& node) {
  NodeRecord saved{node, node.state, node, {}, {}};
  saved.hello.masters = node.masters;
  saved.unacked.assign(node.unacked.runs().begin(), node.unacked.runs().end());
  return saved;
}

// Redirects under way to the node.
void restore_under_way(Node& node, const NodeRecord& saved, SteadyTime now) {
  for (const UnackedRedirects::Run& run : saved.unacked)
    node.unacked.push(std::min(run.when, now), sane_kbps(run.kbps), run.redirects);
}

}  // namespace

std::vector<NodeRecord> NodeTable::save() const {
  std::vector<NodeRecord> all;
  std::vector<std::size_t> at(nodes_.size(), kNoNode);
  for (const Node& node : nodes_) {
    const bool reports = node.kind == NodeKind::kLink || node.kind == NodeKind::kLegacy;
    if (node.id.empty() || !reports) continue;
    at[slot_of(node)] = all.size();
    all.push_back(save_node(node));
  }
  for (const MountNodes* mount : carriers_.mounts())
    for (const Carrier& carrier : mount->carriers) {
      if (at[carrier.node] == kNoNode || !has_values(carrier)) continue;
      MountLoad carried{.mount = mount->mount};
      load_values(carried) = load_values(carrier);
      if (const Behind* const behind = mount->behind_of(carrier.node))
        carried.below = behind->below;
      all[at[carrier.node]].mounts.push_back(std::move(carried));
    }
  return all;
}

std::vector<NodeRecord> NodeTable::save_configured() const {
  std::vector<NodeRecord> all;
  for (const Node& node : nodes_)
    if (!node.id.empty() && (node.kind == NodeKind::kSelf || node.kind == NodeKind::kStatic))
      all.push_back(save_node(node));
  return all;
}

void NodeTable::restore_configured(const NodeRecord& saved, SteadyTime now) {
  const NodeSlot slot = find(saved.hello.id);
  if (slot == kNoNode || nodes_[slot].kind != saved.hello.kind) return;
  Node& node = nodes_[slot];
  node.issued = node.issued_before = saved.heard.issued;
  node.arrived = saved.heard.arrived;
  node.lost = saved.heard.lost;
  if (node.state == saved.state) node.since = std::min(saved.heard.since, now);
  restore_under_way(node, saved, now);
}

Result<void> NodeTable::restore(const NodeRecord& saved, SteadyTime now) {
  const std::size_t events = events_.size();
  const auto slot = hello(saved.hello, now);
  if (!slot) return slot.error();
  Node& node = nodes_[*slot];
  const NodeHeard& heard = saved.heard;
  static_cast<NodeHeard&>(node) = heard;
  node.reported_kbps = node.reported_listeners = 0;  // until its state is known
  node.issued_before = heard.issued;
  node.window_arrived = heard.arrived;
  node.window_lost = heard.lost;
  node.sampled = std::min(heard.sampled, now);
  node.sent.clamp(now);
  see(node, saved.mounts, true, node.sampled);
  become(node, saved.state, heard.why, now);
  if (node.state != NodeState::kDead) {
    node.reported_kbps = sane_kbps(heard.reported_kbps);
    node.reported_listeners = std::max(0.0, heard.reported_listeners);
    restore_under_way(node, saved, now);
    believe(node, now);
    if (node.kind == NodeKind::kLink) {
      expect_report(node, now);
      node.suspect_at += kLinksAgain;
      node.dead_at += kLinksAgain;
    } else {
      expect_report(node, std::min(heard.last_report, now));
    }
  }
  node.since = std::min(heard.since, now);
  node.last_report = std::min(heard.last_report, now);
  events_.resize(std::min(events, events_.size()));
  return {};
}

}  // namespace lb
