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
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "app/services/services.h"
#include "archive/catalog.h"
#include "archive/holders.h"
#include "cluster/link/frame.h"
#include "cluster/link/link.h"

namespace lb {

class MasterLinks;
class NodeLinks;

class ArchiveLinks {
 public:
  ArchiveLinks(Services& services, MasterLinks& masters, NodeLinks& nodes);

  void configure();
  void stop();
  // A link to this neighbour stands, perhaps one more.
  void joined(const std::string& id);
  // Links may have ended.
  void links_changed();
  void take(const std::string& teller, const ArchiveFrame& frame);

 private:
  using Key = std::pair<std::string, std::string>;  // mount, node
  using Row = std::shared_ptr<const ArchiveRow>;
  using Rows = std::map<Key, Row>;
  // A mount of this node: what is told of it, and what that was made of.
  struct Own {
    Row row;                    // null: nothing is told
    std::uint64_t version = 0;  // of its last change
    std::shared_ptr<const ClosedSums> sums;
    PastOwner owner;
    bool open = false, seen = false;
  };
  // What a neighbour has been told.
  struct Told {
    std::uint64_t own = 0;  // changes up to this version; 0: nothing
    bool knows_slots = false;
    std::uint64_t holders = 0;  // version of holders_
    Rows repeated;
  };

  // Many frames one after the other put nothing off.
  void soon();
  void work_later();
  void work();
  void tell();
  void publish();
  void look_at_own();
  ArchiveRow own_row(const Config& config, const std::string& mount,
                     const Catalog::Files& files) const;
  void tell_own(Told& told, bool knows_slots, std::vector<ArchiveRow>& news) const;
  void tell_repeated(const std::string& id, Told& told, std::vector<ArchiveRow>& news) const;
  Rows repeated_rows(const std::string& but) const;
  HolderRow row_of(const std::string& teller, const ArchiveRow& row) const;
  bool is_master(const std::string& id) const;

  Services& services_;
  MasterLinks& masters_;
  NodeLinks& nodes_;
  Holders holders_;
  std::uint64_t published_ = 0;  // version of holders_
  std::set<std::string> linked_;
  std::map<std::string, Own> own_;  // by mount
  std::uint64_t own_version_ = 1;
  std::shared_ptr<const Config> own_config_;  // by which own_ was made
  bool passes_ = false;                       // … have changed since
  std::map<std::string, Told> told_;          // by neighbour
  bool stopped_ = false, soon_ = false;
  Timer timer_;
};

}  // namespace lb
