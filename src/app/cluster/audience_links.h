// AudienceLinks: sends the rows of this server's audience to the master that has the database, and
// merges the rows of its nodes into its own database (doc/link.md, BOOK).
//
// That master is the first configured one whose WELCOME has `audience` and `accounts`, which quotas
// need, else the first with `audience`, once all are linked or kPatience has passed.  The choice is
// stored and kept: while that master is not linked, the rows wait.  A server merges into its own
// database if each of its masters is linked and has none, or is a server without links: rows there
// stay there, so a master that is not reached is waited for.  Rows are merged under the name of
// their link.  A node that has had listeners for kUncounted, and has sent no row, is logged.
//
// Thread: control.
// Ownership: ClusterLinks.
// Bounds: one book of each node at a time.
#pragma once

#include <chrono>
#include <map>
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
  static constexpr std::chrono::seconds kUncounted{20};

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
  void note_uncounted();
  void settle(const std::string& master);  // "": the database of this server
  bool send(const std::string& master, BookFrame book);

  Network& network_;
  MasterLinks& masters_;
  LinkedNeighbours& neighbours_;
  std::string settled_;  // the master that has the rows
  bool is_settled_ = false;
  bool waits_ = false;                           // it was logged
  std::set<std::string> under_way_;              // nodes whose book is being merged
  std::set<std::string> heard_;                  // nodes that have sent one since they are linked
  std::map<std::string, SteadyTime> uncounted_;  // not in heard_, with listeners: since when
  SteadyTime patience_until_{};
  bool stopped_ = false;
  Timer timer_, seen_;
  std::shared_ptr<AudienceLinks*> self_;  // an answer may arrive after the destructor
};

}  // namespace lb
