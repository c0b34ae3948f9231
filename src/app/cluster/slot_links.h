// SlotLinks: the neighbours of this node that know slots, masters and nodes alike: which of them is
// linked, which one a mount is pulled from, and the way for rows to each.
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

#include "app/services/services.h"
#include "cluster/link/frame.h"

namespace lb {

class IngestService;
class MasterLinks;
class NodeLinks;

class SlotLinks {
 public:
  SlotLinks(Services& services, MasterLinks& masters, NodeLinks& nodes, const IngestService& ingest)
      : services_(services), masters_(masters), nodes_(nodes), ingest_(ingest) {}

  struct Change {
    bool joins = false;      // it was not there
    bool restarted = false;  // it is another process than the one that was there last
    bool leaves = false;     // it is not there any more
    bool silent = false;     // … because nothing came from it
  };
  // A link to it stands; epoch: of its process.  nullopt: it does not know slots.
  std::optional<Change> joined(const std::string& id, const std::string& epoch);
  // One link to it has ended.  nullopt: it does not know slots.
  std::optional<Change> left(const std::string& id, bool silent);

  bool is_linked(const std::string& id) const { return linked_.contains(id); }
  const std::set<std::string>& linked() const noexcept { return linked_; }
  void send(const std::string& id, const Frame& frame);
  // The node that this mount is pulled from, linked now or lately; "": none that knows slots.
  std::string upstream_of(const std::string& mount) const;
  // A time at which it was certainly there; nullopt: it is not linked.
  std::optional<SteadyTime> was_there(const std::string& id) const;
  // A master offers the mount, and needs slots for it.
  bool offered_with_slots(const std::string& mount) const;
  void add_offered(std::set<std::string>& mounts) const;
  // No other server can have slots of this one, or give it some.
  bool alone() const;

 private:
  Services& services_;
  MasterLinks& masters_;
  NodeLinks& nodes_;
  const IngestService& ingest_;
  std::set<std::string> linked_;
  std::map<std::string, std::string> epochs_;  // of all that know slots, as last linked
};

}  // namespace lb
