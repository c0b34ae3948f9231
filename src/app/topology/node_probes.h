// NodeProbes: requests to the public addresses of nodes, which find out whether they answer.
//
// A probe is one GET of /_lb/health within half a second; its outcome goes into the table.
// Thread: control.
// Ownership: ClusterService; the decider and the loop outlive it.
// Bounds: one probe of a node at a time, and seconds between them (NodeTable asks for them).
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

  // A node without an address, and any node after stop(), does not answer.
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
