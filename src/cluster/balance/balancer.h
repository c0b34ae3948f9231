// Balancer: one decision from beginning to end: what is remembered of the client, the pick, and the
// account of it.  The redirect stage calls decide(); everything else calls the table.
//
// Thread: one at a time.
// Ownership: RedirectDecider; the table and the generator outlive it.
#pragma once

#include "cluster/balance/client_history.h"
#include "cluster/balance/pick.h"

namespace lb {

class Balancer {
 public:
  Balancer(NodeTable& table, BalanceSettings settings, Rng& rng);

  struct Client {
    ClientKey key = 0;  // 0: nothing is remembered
    std::string_view user_agent;
    // It has followed its redirect, and the node has sent it back: request.avoid, as far as known.
    bool sent_back = false;
  };
  // Fills in request.avoid and request.direct from what is known of the client.  A kRedirect is
  // accounted at once: it has to be answered.  A kServe of this node is accounted as well, if this
  // node is in the table.
  Choice decide(PickRequest request, const Client& client, SteadyTime now);
  // The same without any account: for /admin/cluster/explain.
  Choice explain(const PickRequest& request, SteadyTime now, PickTrace& trace) const;

  void configure(BalanceSettings settings);
  const BalanceSettings& settings() const noexcept { return settings_; }
  const NodeTable& table() const noexcept { return table_; }

 private:
  NodeTable& table_;
  BalanceSettings settings_;
  Rng& rng_;
  ClientHistory history_;
};

}  // namespace lb
