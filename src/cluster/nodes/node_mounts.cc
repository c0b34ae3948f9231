// The mounts of nodes by their reports, and how long they count; see node_table.h.
#include <string>

#include "base/cat.h"
#include "cluster/nodes/node_table.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

// The mounts for one log line, which has space for a few names.
class MountList {
 public:
  void add(const std::string& mount, PullFault fault) {
    if (++count_ > kShown) return;
    text_ += (count_ > 1 ? ", " : "") + mount;
    if (fault != PullFault::kNone) text_ += cat({" (", describe(fault), ")"});
  }
  bool empty() const noexcept { return count_ == 0; }
  std::string text() const {
    return count_ > kShown ? cat({text_, " and ", count_ - kShown, " more"}) : text_;
  }

 private:
  static constexpr std::uint64_t kShown = 3;
  std::uint64_t count_ = 0;
  std::string text_;
};

}  // namespace

bool NodeTable::snapshot(NodeSlot slot, const std::vector<MountLoad>& mounts, SteadyTime now) {
  Node& node = nodes_[slot];
  if (node.state == NodeState::kDead) return true;
  const bool all = see(node, mounts, true, now);
  expect_report(node, now);
  if (node.state == NodeState::kJoining) become(node, NodeState::kUp, "", now);
  judge(node, now);
  return all;
}

void NodeTable::delta(NodeSlot slot, const std::vector<MountLoad>& changed) {
  if (nodes_[slot].state == NodeState::kDead) return;
  see(nodes_[slot], changed, false, nodes_[slot].sampled);
}

// Mounts that the node cannot pull any more, or can again, are logged once, in one line.
bool NodeTable::see(Node& node, const std::vector<MountLoad>& loads, bool all, SteadyTime sampled) {
  const NodeSlot slot = slot_of(node);
  MountList lost, found;
  for (const MountLoad& load : loads) {
    const bool could = carriers_.fault(slot, load.mount) == PullFault::kNone;
    const bool can = load.carries || load.cannot == PullFault::kNone;
    if (could && !can) lost.add(load.mount, load.cannot);
    if (!could && can) found.add(load.mount, PullFault::kNone);
  }
  bool room = true;
  if (all)
    room = carriers_.see_all(slot, loads, sampled);
  else
    for (const MountLoad& load : loads) room = carriers_.see(slot, load, sampled) && room;
  using Kind = NodeEvent::Kind;
  if (!lost.empty()) note(node, Kind::kCannotPull, lost.text());
  if (!found.empty()) note(node, Kind::kPullsAgain, found.text());
  return room;
}

// Removes carriers that were sent a listener and never reported one.
void NodeTable::sweep(SteadyTime now) {
  next_sweep_ = now + kSweepPause;
  carriers_.sweep(
      [&](const Carrier& carrier) { return has_values(carrier) || carries(carrier, now); });
}

bool NodeTable::is_on_its_way(const Carrier& carrier, SteadyTime now) const noexcept {
  const Node& node = nodes_[carrier.node];
  const SteadyTime::duration memory = node.counts_load
                                          ? SteadyTime::duration(node.every * 2 + 1s)
                                          : SteadyTime::duration(settings_.session_guess);
  return carrier.recent > 0 && now - carrier.sent < memory;
}

}  // namespace lb
