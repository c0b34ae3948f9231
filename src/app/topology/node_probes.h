// NodeProbes: probes of the public addresses of nodes.  A probe is one GET of /_lb/health within
// half a second; its outcome goes into the table.
// Thread: control.
// Ownership: ClusterService; the decider and the loop outlive it.
// Bounds: one probe of a node at a time, seconds apart (NodeTable).
#pragma once

#include <memory>
#include <vector>

#include "cluster/balance/redirect_decider.h"
#include "http/client.h"
#include "net/loop/loop.h"

namespace lb {

class NodeProbes {
 public:
  NodeProbes(RedirectDecider& decider, Loop& loop) : decider_(decider), loop_(loop) {}

  // A node without an address counts as failed, and so does any node after stop().
  void probe(NodeSlot slot, Connector& connector);
  void stop();

 private:
  struct Probe {
    NodeKey node = 0;
    std::unique_ptr<Client> client;
  };
  void probed(NodeKey node, bool answered);

  RedirectDecider& decider_;
  Loop& loop_;
  std::vector<Probe> probes_;
  bool stopped_ = false;
};

}  // namespace lb
