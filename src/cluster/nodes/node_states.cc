// Liveness and state of nodes, with their events; see node_table.h.
#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "base/cat.h"
#include "base/strings.h"
#include "cluster/nodes/node_table.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr unsigned kStuckMs = 200;  // a turn of a loop
constexpr unsigned kHintsForProbe = 3;
constexpr auto kHintMemory = 30s;
constexpr auto kProbePause = 2s;
constexpr auto kProbeAgain = 5s;  // of an unreachable node
constexpr std::uint64_t kMaxOnTrust = 20;

}  // namespace

std::string_view to_text(NodeEvent::Kind kind) noexcept {
  return word_of<NodeEvent::Kind::kPullsAgain>(
      kind, {"up", "suspect", "down", "drain", "probe wanted", "load doubted", "load believed",
             "cannot pull", "pulls again"});
}

void NodeTable::become(Node& node, NodeState state, std::string why, SteadyTime now) {
  const NodeState before = node.state;
  node.why = std::move(why);
  if (before == state) return;
  node.state = state;
  node.since = now;
  if (state == NodeState::kDead) {
    carriers_.forget_node(slot_of(node));
    // Without this a node whose link ends repeatedly before it confirms anything would seem empty
    // each time.
    node.sent.lost.add(static_cast<double>(node.unacked.count()), node.unacked.kbps(), now,
                       settings_.session_guess);
    node.unacked.clear();
    node.gone_kbps = node.gone_listeners = 0;
    node.reported_kbps = node.reported_listeners = 0;
    node.cannot = PullFault::kNone;
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
  note(node, kind, node.why);
}

void NodeTable::note(const Node& node, NodeEvent::Kind kind, std::string why) {
  if (node.kind == NodeKind::kSelf) return;
  events_.push_back({kind, slot_of(node), node.id, std::move(why)});
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

// Sets up or suspect for a node that reports and takes listeners.
void NodeTable::judge(Node& node, SteadyTime now) {
  if (node.state != NodeState::kUp && node.state != NodeState::kSuspect) return;
  if (node.unreachable) {
    become(node, NodeState::kSuspect, "its public address does not answer", now);
  } else if (node.cannot != PullFault::kNone) {
    become(node, NodeState::kSuspect, cat({"it cannot pull streams: ", lb::describe(node.cannot)}),
           now);
  } else if (node.loop_ms > kStuckMs) {
    become(node, NodeState::kSuspect, cat({"its loop took ", node.loop_ms, " ms"}), now);
  } else if (now < node.doubted_until) {
    become(node, NodeState::kSuspect, "of the listeners sent there, less than half arrived", now);
  } else if (!node.proven && node.issued - node.issued_before >= kMaxOnTrust) {
    become(node, NodeState::kSuspect,
           cat({"heard of once, and sent ", node.issued - node.issued_before, " listeners since"}),
           now);
  } else if (now >= node.suspect_at) {
    become(node, NodeState::kSuspect,
           cat({"no report for ", (now - node.last_report) / 1ms, " ms"}), now);
  } else {
    become(node, NodeState::kUp, "", now);
  }
}

void NodeTable::expect_report(Node& node, SteadyTime now) {
  node.last_report = now;
  node.issued_before = node.issued;
  if (node.kind == NodeKind::kLink) {
    node.suspect_at = now + node.every * 3 / 2 + 100ms;
    node.dead_at = now + node.every * 4;
  } else if (node.kind == NodeKind::kLegacy) {
    node.dead_at = now + node.out_after;
    node.suspect_at = std::min<SteadyTime>(now + node.every + 2s, node.dead_at);
  }
}

void NodeTable::expire(SteadyTime now) {
  compare_peers(now);
  // Many are dead at once where this server's line was cut.
  std::vector<bool> dead(nodes_.size());
  for (const Node& node : nodes_)
    dead[slot_of(node)] = node.state != NodeState::kDead && node.state_at(now) == NodeState::kDead;
  if (std::find(dead.begin(), dead.end(), true) != dead.end()) carriers_.forget_nodes(dead);
  for (Node& node : nodes_) {
    if (node.state == NodeState::kDead) continue;
    if (node.kind == NodeKind::kStatic) node.unacked.pop_before(now - settings_.session_guess);
    if (node.state_at(now) == NodeState::kDead) {
      become(node, NodeState::kDead, cat({"no report for ", (now - node.last_report) / 1ms, " ms"}),
             now);
      continue;
    }
    judge(node, now);
    if (node.unreachable && !node.probing && now - node.last_probe >= kProbeAgain)
      want_probe(node, node.why);
  }
  guess_gone(now);
  if (now >= next_sweep_) sweep(now);
}

void NodeTable::was_away(SteadyTime since, SteadyTime now, SteadyTime::duration rest) noexcept {
  const auto later = [&](SteadyTime& limit) {
    if (limit != SteadyTime::max()) limit = std::max(limit + (now - since), now + rest);
  };
  for (Node& node : nodes_) {
    if (node.state == NodeState::kDead || node.last_report > since) continue;
    later(node.suspect_at);
    later(node.dead_at);
    node.last_report += now - since;
  }
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

void NodeTable::hint(NodeSlot slot, SteadyTime now) {
  Node& node = nodes_[slot];
  if (node.state == NodeState::kDead) return;
  if (now - node.last_hint > kHintMemory) node.hints = 0;
  node.last_hint = now;
  ++node.hints;
  if (node.hints >= kHintsForProbe && !node.probing && now - node.last_probe >= kProbePause) {
    want_probe(node, cat({node.hints, " clients came back unserved"}));
  }
}

void NodeTable::want_probe(Node& node, std::string why) {
  node.probing = true;
  note(node, NodeEvent::Kind::kProbeWanted, std::move(why));
}

void NodeTable::probed(NodeSlot slot, bool answered, SteadyTime now) {
  Node& node = nodes_[slot];
  node.probing = false;
  node.hints = 0;
  node.last_probe = now;
  if (node.unreachable && answered) node.sent.forgive(now, settings_.session_guess);
  node.unreachable = !answered;
  judge(node, now);
}

}  // namespace lb
