// ArchiveLinks: sends the nodes at the other ends of links the list of this node's recordings,
// repeats the lists of its nodes, and takes the lists that it receives (doc/link.md, ARCH).
//
// A node sends its own list to its masters and to its nodes.  A master repeats a neighbour's own
// list once, to its other nodes, with the addresses that the neighbour has proved.  From a node
// that is not a master of this one only rows about itself are accepted.
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
  // A link to this neighbour has begun, perhaps a further one.
  void joined(const std::string& id);
  // The last link to it has ended.
  void left(const std::string& id);
  void resend(const std::string& id);  // one of two links to it has ended
  void take(const std::string& sender, const std::vector<ArchiveRow>& rows);
  // For a hand-over; restore() comes after configure().  Rows stay until their senders repeat them.
  std::vector<HolderRecord> save() const;
  void restore(const std::vector<HolderRecord>& saved);

 private:
  // A node's recordings of a mount, with the addresses that serve them, the best one first.
  struct Held {
    ArchiveRow row;
    std::optional<Reach> named_by;  // see HolderRow

    bool operator==(const Held&) const = default;
  };
  using Table = Replica<Held>;
  // The inputs of the row of a mount that is recorded here.
  struct Own {
    std::shared_ptr<const ClosedSums> sums;
    PastOwner owner;
    bool open = false, seen = false;
  };

  // Sends soon; further calls do not postpone that.
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
  std::uint64_t published_ = 0;               // version of table_ then
  std::map<std::string, Own> own_;            // by mount
  std::shared_ptr<const Config> own_config_;  // by which own_ was made
  bool passes_ = false;                       // passes have changed since
  bool stopped_ = false, soon_ = false;
  SteadyTime next_soon_{};
  Timer timer_;
};

}  // namespace lb
