#include "cluster/balancer.h"

#include <utility>

namespace lb {

Balancer::Balancer(NodeTable& table, BalanceSettings settings, Rng& rng)
    : table_(table), settings_(std::move(settings)), rng_(rng) {}

void Balancer::configure(BalanceSettings settings) { settings_ = std::move(settings); }

Choice Balancer::decide(PickRequest request, const Client& client, SteadyTime now) {
  const bool known = client.key != 0 && !request.relay && !request.redirected;
  const std::string family = known ? user_agent_family(client.user_agent) : std::string();
  if (known) {
    const ClientTrail::Last last = trail_.last(client.key, now);
    const NodeSlot from = last.node == 0 ? kNoNode : table_.find(last.node);
    const auto verdict = trail_.returns(client.key, family, table_.outcome(from, last.when), now);
    if (verdict.hint && from != kNoNode) table_.hint(from, now);
    request.avoid = verdict.avoid;
    request.direct = request.direct || verdict.served_here;
  }
  const Choice choice = pick({table_, settings_}, request, rng_, now);
  if (choice.kind == Choice::Kind::kRedirect) {
    table_.issued(choice.node, request.mount, choice.kbps, now);
    if (known) trail_.redirected(client.key, family, table_.node(choice.node).key, now);
  } else if (choice.kind == Choice::Kind::kServe && choice.node != kNoNode && !request.relay) {
    table_.issued(choice.node, request.mount, choice.kbps, now);
  }
  return choice;
}

Choice Balancer::explain(const PickRequest& request, SteadyTime now, PickTrace& trace) const {
  Rng rng = rng_;  // the next request shall be chosen as if nobody had asked
  return pick({table_, settings_}, request, rng, now, &trace);
}

}  // namespace lb
