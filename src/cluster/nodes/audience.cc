#include "cluster/nodes/audience.h"

#include <algorithm>
#include <span>

#include "cluster/nodes/node_table.h"

namespace lb {
namespace {

bool contains(std::span<const NodeKey> way, NodeKey key) {
  return std::find(way.begin(), way.end(), key) != way.end();
}

class Tree {
 public:
  Tree(const NodeTable& table, const MountNodes& mount) : table_(table), mount_(mount) {
    if (table.self() == kNoNode) return;
    self_ = table.node(table.self()).key;
    if (const Behind* own = mount.behind_of(table.self())) above_ = own->from();
  }

  // Whether the stream has passed the node.
  bool is_above(const Node& node) const { return contains(above_, node.key); }
  // Whether the node's audience is part of this server's, and not of a node further up.
  bool counts_below(const Node& node) const {
    return node.kind == NodeKind::kLink && (!is_above(node) || above_.back() == node.key);
  }
  // Whether another node here already counts it.
  bool is_counted_elsewhere(const Behind& behind) const {
    std::span<const NodeKey> way = behind.from();
    // Nodes that the stream passed before this server are ignored.
    if (const auto here = std::find(way.begin(), way.end(), self_); self_ != 0 && here != way.end())
      way = {here + 1, way.end()};
    return std::any_of(way.begin(), way.end(), [&](NodeKey key) {
      const NodeSlot slot = table_.find(key);
      if (slot == kNoNode || slot == table_.self() || slot == behind.node) return false;
      if (!counts_below(table_.node(slot))) return false;
      const Carrier* there = carrier(slot);
      return there != nullptr && there->carries;
    });
  }
  std::uint64_t listeners(NodeSlot slot) const {
    const Carrier* there = carrier(slot);
    return there == nullptr ? 0 : there->listeners;
  }

 private:
  const Carrier* carrier(NodeSlot slot) const {
    const auto at = std::find_if(mount_.carriers.begin(), mount_.carriers.end(),
                                 [slot](const Carrier& each) { return each.node == slot; });
    return at == mount_.carriers.end() ? nullptr : &*at;
  }

  const NodeTable& table_;
  const MountNodes& mount_;
  NodeKey self_ = 0;
  std::span<const NodeKey> above_;  // this server, on the way of the stream
};

}  // namespace

Audience audience_of(const NodeTable& table, const MountNodes& mount) {
  Audience out;
  for (const Carrier& carrier : mount.carriers)
    if (carrier.node != table.self()) out.nodes += carrier.listeners;
  if (mount.behind.empty()) return out;
  const Tree tree(table, mount);
  // more: the listeners behind the nodes; less: those counted with another node.
  std::uint64_t more = 0, less = 0;
  for (const Behind& behind : mount.behind) {
    if (behind.node == table.self()) continue;
    if (tree.is_counted_elsewhere(behind))
      less += tree.listeners(behind.node);
    else if (tree.counts_below(table.node(behind.node)))
      more += behind.below;
  }
  // Reports are taken at different times, so the difference may be negative.
  out.below = more > less ? more - less : 0;
  return out;
}

std::vector<std::string> way_to(const NodeTable& table, const MountNodes& mount, NodeSlot carrier,
                                const std::vector<std::string>& here) {
  const Behind* behind = mount.behind_of(carrier);
  // A carrier without a row gets its stream from this server.
  if (behind == nullptr || behind->from_here) return here;
  std::vector<std::string> way;
  for (const NodeKey key : behind->from())
    if (const NodeSlot slot = table.find(key); slot != kNoNode) way.push_back(table.node(slot).id);
  return way;
}

std::vector<std::string> listening_nodes(const NodeTable& table, const MountNodes& mount,
                                         SteadyTime now) {
  std::vector<std::string> nodes;
  for (const Carrier& carrier : mount.carriers)
    if (carrier.node != table.self() && table.carries(carrier, now) && carrier.listeners > 0)
      nodes.push_back(table.node(carrier.node).id);
  return nodes;
}

std::uint64_t listeners_below(const NodeTable& table) {
  std::uint64_t sum = 0;
  for (const std::string& name : table.tiered_mounts())
    sum += audience_of(table, *table.mount(name)).below;
  return sum;
}

Below below_of(const NodeTable& table, const MountNodes& mount,
               const std::vector<std::string>& masters) {
  Below out;
  out.mount = mount.mount;
  const Tree tree(table, mount);
  for (const Carrier& carrier : mount.carriers) {
    // Nodes are far apart in memory, and most need no visit.
    if (carrier.listeners == 0 && mount.behind.empty()) continue;
    const Behind* behind = mount.behind_of(carrier.node);
    const std::uint64_t there = carrier.listeners + (behind == nullptr ? 0 : behind->below);
    if (there == 0 || !carrier.carries || (behind != nullptr && !behind->from_here)) continue;
    const Node& node = table.node(carrier.node);
    if (node.kind != NodeKind::kLink || tree.is_above(node)) continue;
    out.listeners += there;
    if (std::find(masters.begin(), masters.end(), node.id) != masters.end())
      out.of_masters.push_back({node.id, there});
  }
  return out;
}

}  // namespace lb
