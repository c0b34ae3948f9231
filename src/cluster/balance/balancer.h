// Balancer: makes one whole decision: it asks the client's history, picks a node, and accounts for
// it.  The redirect stage calls decide(); everything else calls the table.
//
// Thread: one at a time.
// Ownership: RedirectDecider; the table and the generator outlive it.
#pragma once

#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "cluster/balance/client_history.h"
#include "cluster/balance/pick.h"

namespace lb {

class Balancer {
 public:
  Balancer(NodeTable& table, BalanceSettings settings, Rng& rng);

  struct Client {
    ClientKey key = 0;  // 0: no history is kept
    std::string_view user_agent;
    // The node that it was sent to has sent it back; request.avoid is that node, if it is known.
    bool sent_back = false;
  };
  // Fills in request.avoid and request.direct from the client's history.  A kRedirect is accounted
  // at once, so the caller must send it.  A kServe is accounted too, if this node is in the table.
  Choice decide(PickRequest request, const Client& client, SteadyTime now);
  // The choice that decide() would make now; nothing is counted, drawn or remembered.
  Choice explain(PickRequest request, const Client& client, SteadyTime now, PickTrace& trace) const;
  // A node confirms one redirect of each of these clients.
  void arrived(std::span<const ClientKey> clients);
  // The ids of the nodes that also redirect.
  void set_masters(std::set<std::string, std::less<>> ids) { masters_.swap(ids); }
  bool is_master(std::string_view id) const { return masters_.contains(id); }

  void configure(BalanceSettings settings);
  // rules: of this mount alone; nullopt: those of the cluster.
  void set_rules(const std::string& mount, const std::optional<BalanceRules>& rules);
  const BalanceSettings& settings() const noexcept { return settings_; }
  const NodeTable& table() const noexcept { return table_; }

 private:
  // The part of a client's history that concerns its request.
  struct Recalled {
    bool known = false;       // there is a history
    std::string_view family;  // a part of the User-Agent
    ClientHistory::Last last;
    NodeSlot from = kNoNode;  // of last
    RedirectOutcome outcome = RedirectOutcome::kUnknown;
  };
  Recalled recall(const PickRequest& request, const Client& client, SteadyTime now) const;
  static void apply(const ClientHistory::Verdict& verdict, PickRequest& request);
  static void send_elsewhere(const Recalled& recalled, PickRequest& request);

  NodeTable& table_;
  BalanceSettings settings_;
  Rng& rng_;
  ClientHistory history_;
  std::set<std::string, std::less<>> masters_;
};

}  // namespace lb
