// AudienceLinks: the rows of this server's audience on their way to the master that has the
// database, and those of its nodes into its own (doc/link.md, BOOK).
//
// The master is the first configured one whose WELCOME has `audience` and `accounts`, which counts
// for quotas, else with `audience` alone, once all are linked or kPatience has passed.  It is
// written down, and stays: while it is not linked the rows wait.  A server whose masters have none
// of it merges into a database of its own. The name under which rows are merged is that of the
// link.
//
// Thread: control.
// Ownership: ClusterLinks.
// Bounds: one book of each node is under way.
#pragma once

#include <chrono>
#include <memory>
#include <set>
#include <string>

#include "cluster/link/frame.h"
#include "net/loop/loop.h"

namespace lb {

class LinkedNeighbours;
class MasterLinks;
struct Network;

class AudienceLinks {
 public:
  static constexpr std::chrono::seconds kPatience{10}, kSeen{10};  // of kUnseenMs

  AudienceLinks(Network& network, MasterLinks& masters, LinkedNeighbours& neighbours);
  ~AudienceLinks();

  void configure();
  void stop();
  void joined(const std::string& id, bool upward);
  void left(const std::string& id);
  void take(const std::string& node, const BookFrame& book);
  void take(const std::string& master, const BookedFrame& answer);

 private:
  void decide();
  void note_seen();
  void settle(const std::string& master);  // "": the database here
  bool send(const std::string& master, BookFrame book);

  Network& network_;
  MasterLinks& masters_;
  LinkedNeighbours& neighbours_;
  std::string settled_;  // the master that has the rows
  bool is_settled_ = false;
  std::set<std::string> under_way_;  // nodes whose book is being merged
  std::set<std::string> heard_;      // those that have sent one since they are linked
  SteadyTime patience_until_{};
  bool stopped_ = false;
  Timer timer_, seen_;
  std::shared_ptr<AudienceLinks*> self_;  // answers may come when this is gone
};

}  // namespace lb
