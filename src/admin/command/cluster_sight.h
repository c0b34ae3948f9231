// ClusterSight: a cluster as administrators see it: its nodes, its links and the choice of a node
// for a listener.
// Thread: plain values.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "cluster/balance/balancer.h"
#include "cluster/link/frame.h"
#include "cluster/slots/slot_book.h"
#include "net/address/address.h"

namespace lb {

// The cluster as this node sees it, at one moment.
struct ClusterSight {
  NodeTable table;
  BalanceSettings settings;
  std::string id;
  bool redirects = false;
  SteadyTime now{};
  bool hands_over = false;  // sessions, to other nodes
  // This node's slots of mounts that are limited over the whole cluster.
  std::map<std::string, SlotBook::Picture, std::less<>> slots{};
  // The nodes that a mount's stream has passed, the source's first, this one last; or none.
  std::function<std::vector<std::string>(const std::string& mount)> way_here{};
};
// The listener that an administrator asks about.
struct ExplainAsk {
  std::string mount;
  bool https = false;
  Address client;
  std::string user_agent;
};
struct Explanation {
  Choice choice;
  PickTrace trace;
  std::string origin;   // of the chosen node, for this client; "": none
  std::string country;  // of the client; "": not known
};

// The row of a node for a mount that one of several captures, or of a source at a node.
struct IngestSight {
  IngestRow row;
  std::string refused;  // why it does not count; "": it does
};
struct PassedMessage {
  MessageFrame message;
  WallTime when{};
};

}  // namespace lb
