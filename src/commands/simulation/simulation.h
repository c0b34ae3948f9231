// Simulation: a cluster in one thread, in which the product's own NodeTable and Balancer send
// listeners to simulated nodes.  It shows the effect of a balancing rule on a crowd, with old
// reports or a dead node, before a server runs it: icecast-lb --simulate, doc/balancing.md, and a
// unit test.
//
// A listener asks a master, is redirected, reaches the node 20–300 ms later and stays for its
// session.  Nodes report every T (each at its own time, 20 ms on the way).  A full node still takes
// listeners, so that a utilisation above 1 is the overload that a rule would have caused.  The
// listeners of a dead host notice it after 2 s, a new one after 3 s, those of a dead process at
// once; players return 0.2–3 s later.
//
// Thread: any; no shared state.  Units: capacities in listeners of 128 kbit/s, times in seconds.
// The same seed gives the same result.
#pragma once

#include <cstdint>
#include <vector>

#include "cluster/balance/balance.h"
#include "cluster/nodes/node.h"

namespace lb {

struct SimulationSetup {
  std::vector<double> capacities{};
  BalanceRules rules{};
  double eps = 0.05, floor = 0;

  NodeKind kind = NodeKind::kLink;
  double report_every = 0.25;
  bool counts_arrivals = true;  // reports confirm redirects
  bool counts_load = true;      // reports contain the node's load
  unsigned masters = 1;
  bool masters_known = true;  // nodes announce the number of masters

  unsigned mounts = 1;
  double zipf = 1.0;
  bool mixed_bitrates = false;  // half of the mounts 64, 35 % 128, 15 % 320 kbit/s

  unsigned crowd = 0;  // listeners that arrive within crowd_seconds
  double crowd_seconds = 5;
  unsigned base = 0;         // listeners that arrived in the minute before
  double session = 0;        // mean, exponential; 0: they stay
  double arrivals = 0;       // a second, in addition to the crowd
  double seconds = 30;       // simulated time
  bool one_address = false;  // all listeners have one address: a school, a mobile network

  int dies = -1;  // index of a node
  double dies_at = 0;
  bool silently = false;  // the host, not only the process
  int joins = -1;
  double joins_at = 0;
  double restart_at = -1;  // of the first master
  double hold = 1.0;       // after the restart
  double register_within = 1.0;
};

struct SimulationResult {
  double peak = 0;       // the highest utilisation of any node at any time
  double mean = 0;       // of the cluster, at the end
  double spread99 = 0;   // difference between two nodes: 99 % of the moments have a smaller one
  double above_cap = 0;  // listeners sent to a node above its capacity
  double wasted = 0;     // redirects to a dead node
  double relays = 0;     // (mount, node) at the end
  double mounts_used = 0;
  double relay_starts = 0;
  double restarts = 0;  // relay starts for listeners of the dead node
  double rescued = 0;   // time from the death until its last listener was served again
  double settled = 0;   // seconds after the event until (highest − mean) stays <= 0.10; -1: never
  double refused = 0;   // 503 answers
  double served_here = 0;           // by a master
  std::vector<double> listeners{};  // of each node, at the end
};

SimulationResult simulate(const SimulationSetup& setup, std::uint64_t seed);

// Capacities of 10:5:1, `groups` times, with this total.
std::vector<double> uneven_nodes(unsigned groups, double total);

}  // namespace lb
