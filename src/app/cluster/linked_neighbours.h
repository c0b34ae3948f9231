// LinkedNeighbours: the servers at the other ends of this node's links, masters and nodes alike:
// which of them are linked, what they are to this node, and the way for frames to each.
//
// A neighbour may be a master and a node of this one (a peer): it is there as long as one of the
// links is.
// Thread: control.
// Ownership: ClusterLinks.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "cluster/link/frame.h"

namespace lb {

class MasterLinks;
class NodeLinks;

class LinkedNeighbours {
 public:
  LinkedNeighbours(MasterLinks& masters, NodeLinks& nodes) : masters_(masters), nodes_(nodes) {}

  // A link to it stands; epoch: of its process.  True: it was not there, or it knows slots and is
  // another process than the one that was there last (`restarted`).
  bool joined(const std::string& id, const std::string& epoch, bool& restarted);
  // A link to it has ended.  True: it was the last one.
  bool left(const std::string& id);
  // Those whose last link has ended without left().
  std::vector<std::string> gone() const;

  bool is_linked(const std::string& id) const { return linked_.contains(id); }
  const std::set<std::string>& linked() const noexcept { return linked_; }
  // It is a master of this node, linked now or lately.
  bool is_master(const std::string& id) const;
  // It is linked as a node of this one.
  bool is_node(const std::string& id) const;
  bool knows_slots(const std::string& id) const;
  // It does, or did when it was linked last.
  bool knew_slots(const std::string& id) const { return runs_.contains(id); }
  // A time at which it was certainly there; nullopt: it is not linked.
  std::optional<SteadyTime> was_there(const std::string& id) const;
  // There is no other server to be linked to.
  bool alone() const;

  void send(const std::string& id, const Frame& frame);
  template <class Row>
  void send_rows(const std::string& id, std::vector<Row> rows) {
    if (rows.empty()) return;
    for (const RowsFrame<Row>& frame : row_frames(std::move(rows))) send(id, frame);
  }

 private:
  MasterLinks& masters_;
  NodeLinks& nodes_;
  std::set<std::string> linked_;
  std::map<std::string, std::string> runs_;  // of all that know slots, as last linked
};

}  // namespace lb
