#include "cluster/balance/balancer.h"

#include <utility>

namespace lb {

Balancer::Balancer(NodeTable& table, BalanceSettings settings, Rng& rng)
    : table_(table), settings_(std::move(settings)), rng_(rng) {}

void Balancer::configure(BalanceSettings settings) { settings_ = std::move(settings); }

Choice Balancer::decide(PickRequest request, const Client& client, SteadyTime now) {
  const bool known = client.key != 0 && !request.relay && !request.redirected;
  const std::string family = known ? user_agent_family(client.user_agent) : std::string();
  if (client.sent_back) {
    // Of several nodes with one tag, the one that it was sent to.
    constexpr NodeKey kTag = 0xff;
    const NodeKey last = history_.last(client.key, now).node;
    if (last != 0 && (request.avoid == 0 || ((last ^ request.avoid) & kTag) == 0))
      request.avoid = last;
    request.sent_back = true;
  } else if (known) {
    const ClientHistory::Last last = history_.last(client.key, now);
    const NodeSlot from = last.node == 0 ? kNoNode : table_.find(last.node);
    const auto verdict = history_.returns(client.key, family, table_.outcome(from, last.when), now);
    if (verdict.hint && from != kNoNode) table_.hint(from, now);
    request.avoid = verdict.avoid;
    request.direct = request.direct || verdict.served_here;
  }
  const Choice choice = pick({table_, settings_}, request, rng_, now);
  if (choice.kind == Choice::Kind::kRedirect) {
    table_.issued(choice.node, request.mount, choice.kbps, now);
    if (known) history_.redirected(client.key, family, table_.node(choice.node).key, now);
  } else if (choice.kind == Choice::Kind::kServe && choice.node != kNoNode && !request.relay) {
    table_.issued(choice.node, request.mount, choice.kbps, now);
  }
  return choice;
}

Choice Balancer::explain(const PickRequest& request, SteadyTime now, PickTrace& trace) const {
  Rng rng = rng_;  // the next request is chosen as if there had been no question
  return pick({table_, settings_}, request, rng, now, &trace);
}

}  // namespace lb
