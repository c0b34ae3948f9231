// ArchiveLinks: tells the nodes at the other ends of links what this node has recorded, repeats
// what its nodes have, and takes what it is told (doc/link.md, ARCH).
//
// A node tells its masters, and the nodes that it is a master of, what it has itself.  A master
// repeats once, to its other nodes, what a neighbour has said of itself, with the addresses that
// it has proved.  Of a node that is no master of this one only rows about itself are believed.
//
// Thread: control.
// Ownership: ClusterLinks.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "archive/files/catalog.h"
#include "archive/files/holders.h"
#include "cluster/link/frame.h"
#include "cluster/link/replica.h"
#include "net/loop/loop.h"

namespace lb {

class LinkedNeighbours;
struct HolderRecord;
class MasterLinks;
class NodeLinks;
struct Config;
struct Network;

class ArchiveLinks {
 public:
  ArchiveLinks(Network& network, MasterLinks& masters, NodeLinks& nodes,
               LinkedNeighbours& neighbours);

  void configure();
  void stop();
  // A link to this neighbour stands, perhaps one more.
  void joined(const std::string& id);
  // The last link to it has ended.
  void left(const std::string& id);
  void take(const std::string& sender, const std::vector<ArchiveRow>& rows);
  // Of a hand-over; restore() behind configure().  The rows stand until their senders repeat them.
  std::vector<HolderRecord> save() const;
  void restore(const std::vector<HolderRecord>& saved);

 private:
  // What a node holds, with the addresses at which it is to be had, the best one first.
  struct Held {
    ArchiveRow row;
    std::optional<Reach> named_by;  // see HolderRow

    bool operator==(const Held&) const = default;
  };
  using Table = Replica<Held>;
  // From what the row of a mount recorded here was made.
  struct Own {
    std::shared_ptr<const ClosedSums> sums;
    PastOwner owner;
    bool open = false, seen = false;
  };

  // Many frames one after the other put nothing off.
  void soon();
  void work_later();
  void work();
  void tell();
  void publish();
  void check_own();
  ArchiveRow own_row(const Config& config, const std::string& mount,
                     const Catalog::Files& files) const;
  Held held(const std::string& sender, const ArchiveRow& row) const;

  Network& network_;
  MasterLinks& masters_;
  NodeLinks& nodes_;
  LinkedNeighbours& neighbours_;
  Table table_;
  std::uint64_t published_ = 0;               // version of table_
  std::map<std::string, Own> own_;            // by mount
  std::shared_ptr<const Config> own_config_;  // by which own_ was made
  bool passes_ = false;                       // … have changed since
  bool stopped_ = false, soon_ = false;
  Timer timer_;
};

}  // namespace lb
