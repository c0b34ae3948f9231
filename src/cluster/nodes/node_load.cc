// The check of a node's reported load; see node_table.h and sent_lately.h.
#include <algorithm>
#include <string>
#include <vector>

#include "base/cat.h"
#include "cluster/nodes/node_table.h"
#include "cluster/nodes/sent_lately.h"

namespace lb {
namespace {

constexpr double kFarLess = 0.5;       // of the expected load
constexpr double kNotTheReason = 0.9;  // of a cap

}  // namespace

void NodeTable::compare_peers(SteadyTime now) {
  std::vector<PeerPart> parts;
  parts.reserve(nodes_.size());
  for (Node& node : nodes_) {
    const bool tells = !node.id.empty() && node.counts_load && node.state != NodeState::kDead &&
                       node.state != NodeState::kJoining;
    if (tells)
      node.sent.check(node.reported_listeners, node.reported_kbps, now, settings_.session_guess);
    parts.push_back({tells, node.sent.kept, node.sent.dearer});
  }
  const std::vector<PeersKeep> peers = what_peers_keep(parts);
  for (std::size_t i = 0; i < nodes_.size(); ++i) nodes_[i].peers_keep = peers[i];
}

void NodeTable::believe(Node& node, SteadyTime now) {
  node.counted_kbps = node.reported_kbps;
  node.counted_listeners = node.reported_listeners;
  if (node.kind == NodeKind::kSelf || !node.counts_load) return;
  const LoadFloor peers = floor_by_peers(node.sent, node.peers_keep, now, settings_.session_guess);
  const LoadFloor minute = floor_by_minute(node.sent, now);
  node.counted_kbps = std::max(
      {node.reported_kbps, minute.kbps, std::min(peers.kbps, kNotTheReason * node.hard_kbps)});
  node.counted_listeners =
      std::max({node.reported_listeners, minute.listeners,
                std::min(peers.listeners, kNotTheReason * node.hard_listeners)});
}

void NodeTable::judge_load(Node& node, SteadyTime now) {
  const double expected =
      expected_by_peers(node.sent, node.peers_keep, now, settings_.session_guess);
  const bool far_less = node.kind != NodeKind::kSelf && node.counts_load &&
                        expected >= SentLately::kLeast &&
                        node.reported_listeners < kFarLess * expected;
  const auto whole = [](double n) { return std::to_string(static_cast<std::uint64_t>(n)); };
  const auto tell = [&](NodeEvent::Kind kind) {
    note(node, kind,
         cat({"it says that it has ", whole(node.reported_listeners), " listeners, of ",
              whole(node.sent.all.listeners(now, settings_.session_guess)),
              " that were sent there lately; the other nodes keep ",
              whole(100 * node.peers_keep.part), " % of theirs"}));
  };
  if (expected >= SentLately::kLeast && node.reported_listeners >= expected)
    node.sent.credible = true;
  if (far_less && node.sent.credible && SentLately::long_ago(node.sent.believed, now)) {
    node.sent.believed = now;
    node.sent.credible = false;
    tell(NodeEvent::Kind::kLoadBelieved);
    node.sent.all.set(node.reported_listeners, node.reported_kbps, now);
    node.sent.lost.set(0, 0, now);
    node.sent.minute.set(0, 0, now);
  } else if (far_less && !node.doubted_load) {
    tell(NodeEvent::Kind::kLoadDoubted);
    node.doubted_load = true;
  }
  if (node.doubted_load && node.reported_listeners >= expected) node.doubted_load = false;
  believe(node, now);
}

}  // namespace lb
