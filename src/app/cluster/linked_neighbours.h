// LinkedNeighbours: the servers at the other ends of this node's links, masters and nodes alike:
// which are linked, in which role, and how frames reach each.
//
// A neighbour may be a master and a node of this one (a peer): it stays while one of the links
// does.
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

  // A link has begun; epoch: of the neighbour's process.  True: the neighbour was not linked, or it
  // knows slots and its process is a new one (`restarted`).
  bool joined(const std::string& id, const std::string& epoch, bool& restarted);
  // A link has ended.  True: it was the neighbour's last.
  bool left(const std::string& id);
  // Neighbours whose last link has ended without left().
  std::vector<std::string> gone() const;

  bool is_linked(const std::string& id) const { return linked_.contains(id); }
  const std::set<std::string>& linked() const noexcept { return linked_; }
  // Whether the neighbour is a master of this node, linked now or lately.
  bool is_master(const std::string& id) const;
  // Whether the neighbour is linked as a node of this one.
  bool is_node(const std::string& id) const;
  bool knows_slots(const std::string& id) const;
  // Whether the neighbour knows slots, now or when it was last linked.
  bool knew_slots(const std::string& id) const { return runs_.contains(id); }
  // The max-listeners of its <node> at this server; 0: no limit.
  unsigned most_listeners(const std::string& id) const;
  // The latest time at which the neighbour surely ran; nullopt: not linked.
  std::optional<SteadyTime> was_there(const std::string& id) const;
  // Whether no other server is configured to be linked.
  bool alone() const;

  void send(const std::string& id, const Frame& frame);
  template <class Row>
  void send_rows(const std::string& id, std::vector<Row> rows) {
    if (rows.empty()) return;
    for (const RowsFrame<Row>& frame : row_frames(std::move(rows))) send(id, frame);
  }
  // Rows of a Replica, which may be many: they let other frames pass, also on a slow line.
  template <class Row>
  void send_news(const std::string& id, std::vector<Row> rows) {
    if (rows.empty()) return;
    for (const RowsFrame<Row>& frame : row_frames(std::move(rows), kNewsFrame))
      send_row_frame(id, frame);
  }

 private:
  static constexpr std::size_t kNewsFrame = 12 * 1024;

  template <class Send>
  void on_link(const std::string& id, Send send);
  void send_row_frame(const std::string& id, const Frame& frame);

  MasterLinks& masters_;
  NodeLinks& nodes_;
  std::set<std::string> linked_;
  std::map<std::string, std::string> runs_;  // of neighbours that know slots, as last linked
};

}  // namespace lb
