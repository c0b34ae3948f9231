// Audience: the listeners of a mount at all servers known here, each counted once.
//
// A stream spreads as a tree: each server pulls it from one other.  A node reports for each mount
// how many listeners it has, how many are behind it (`below`: at nodes that pull the mount from it,
// and behind them), and, if it pulls the mount from another server than this one, the way of the
// stream.  So a node behind another one is counted only once.
//
// A node that this server pulls from is sent the count behind this server without that node's own
// part (LoadChanges).  Nodes further up cannot subtract their part, so only their own listeners are
// counted.  The result is never less than the nodes' own listeners.
//
// The result does not influence where listeners are sent.
// Thread: as NodeTable; pure functions.  Cost: walks over the carriers of a mount.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cluster/nodes/carriers.h"

namespace lb {

class NodeTable;

struct Audience {
  std::uint64_t nodes = 0;  // at the nodes, by their reports
  std::uint64_t below = 0;  // behind the nodes, at servers that are not nodes here

  std::uint64_t all() const noexcept { return nodes + below; }
};
// Listeners at this server are left out.
Audience audience_of(const NodeTable& table, const MountNodes& mount);
// The other nodes that report listeners of the mount.
std::vector<std::string> listening_nodes(const NodeTable& table, const MountNodes& mount,
                                         SteadyTime now);
// The sum of `below` of all mounts.
std::uint64_t listeners_below(const NodeTable& table);

// The servers that a mount's stream has passed on its way to another carrier, as far as known: the
// server of the source first, without the carrier.  Empty: the source is there, or the way is not
// known. here: the way to this server, with itself last.
std::vector<std::string> way_to(const NodeTable& table, const MountNodes& mount, NodeSlot carrier,
                                const std::vector<std::string>& here);

// The listeners behind this server, for its masters.
struct Below {
  struct Share {
    std::string master;  // a master that is itself behind this server
    std::uint64_t listeners = 0;

    bool operator==(const Share&) const = default;
  };
  std::string mount;
  std::uint64_t listeners = 0;  // at nodes that pull the mount from here, and behind them
  std::vector<Share> of_masters;
};
// masters: their ids.
Below below_of(const NodeTable& table, const MountNodes& mount,
               const std::vector<std::string>& masters);

}  // namespace lb
