// Audience: the listeners of a mount at all servers that this one knows of, each counted once.
//
// A stream goes from server to server as a tree: each pulls it from one other.  A node says of each
// mount how many listeners it has itself, how many are behind it (`below`: those of the nodes that
// pull the mount from there, and of those behind them), and, where it pulls the mount from another
// server than this one, which way the stream has come.  So of two nodes of which one is behind the
// other only the first is counted with all that is behind it.
//
// What is behind a node that this server itself pulls from is told to it without itself and those
// behind it (LoadChanges); of nodes further up, which cannot tell that apart, only their own
// listeners are counted.  That which comes of it is never less than what the nodes themselves have.
//
// Nothing here has an influence on where listeners are sent.
// Thread: as NodeTable; pure functions.  Cost: walks over the carriers of a mount.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cluster/nodes/carriers.h"

namespace lb {

class NodeTable;

struct Audience {
  std::uint64_t nodes = 0;  // at the nodes, as they say
  std::uint64_t below = 0;  // besides: behind them, at servers that are no nodes here

  std::uint64_t all() const noexcept { return nodes + below; }
};
// Without those at this server.
Audience audience_of(const NodeTable& table, const MountNodes& mount);
// The other nodes that have listeners of the mount, as they say.
std::vector<std::string> listening_nodes(const NodeTable& table, const MountNodes& mount,
                                         SteadyTime now);
// Of all mounts together, `below` alone.
std::uint64_t listeners_below(const NodeTable& table);

// The servers that a mount's stream has come through to another one of its carriers, as far as they
// are known here: that of the source first, the carrier left out.  Empty: the source is there, or
// the way is not known.  here: the way to this server, itself last.
std::vector<std::string> way_to(const NodeTable& table, const MountNodes& mount, NodeSlot carrier,
                                const std::vector<std::string>& here);

// What is behind this server, for its masters.
struct Below {
  struct Share {
    std::string master;  // that is behind it itself
    std::uint64_t listeners = 0;

    bool operator==(const Share&) const = default;
  };
  std::string mount;
  std::uint64_t listeners = 0;  // of nodes that pull the mount from here, and of those behind them
  std::vector<Share> of_masters;
};
// masters: their ids.
Below below_of(const NodeTable& table, const MountNodes& mount,
               const std::vector<std::string>& masters);

}  // namespace lb
