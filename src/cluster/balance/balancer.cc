#include "cluster/balance/balancer.h"

#include <utility>

namespace lb {

Balancer::Balancer(NodeTable& table, BalanceSettings settings, Rng& rng)
    : table_(table), settings_(std::move(settings)), rng_(rng) {}

void Balancer::configure(BalanceSettings settings) { settings_ = std::move(settings); }

void Balancer::set_rules(const std::string& mount, const std::optional<BalanceRules>& rules) {
  if (rules)
    settings_.mounts.insert_or_assign(mount, *rules);
  else
    settings_.mounts.erase(mount);
}

Balancer::Recalled Balancer::recall(const PickRequest& request, const Client& client,
                                    SteadyTime now) const {
  Recalled out;
  out.known = client.key != 0 && !request.relay && !request.redirected;
  if (!out.known && !client.sent_back) return out;
  if (out.known) out.family = user_agent_family(client.user_agent);
  out.last = history_.last(client.key, now);
  out.from = out.last.node == 0 ? kNoNode : table_.find(out.last.node);
  out.outcome = table_.outcome(out.from, out.last.when);
  return out;
}

void Balancer::apply(const ClientHistory::Verdict& verdict, PickRequest& request) {
  request.avoid = verdict.avoid;
  request.direct = request.direct || verdict.served_here;
}

// Of several nodes with one tag, the one that the client was sent to.
void Balancer::send_elsewhere(const Recalled& recalled, PickRequest& request) {
  constexpr NodeKey kTag = 0xff;
  const NodeKey last = recalled.last.node;
  if (last != 0 && (request.avoid == 0 || ((last ^ request.avoid) & kTag) == 0))
    request.avoid = last;
  request.sent_back = true;
}

Choice Balancer::decide(PickRequest request, const Client& client, SteadyTime now) {
  const Recalled recalled = recall(request, client, now);
  bool served_here = false;
  if (client.sent_back) {
    send_elsewhere(recalled, request);
    // The client has followed its redirect.  A client without a redirect, or one that has returned,
    // confirms none.
    if (history_.arrived(client.key) && recalled.from != kNoNode)
      table_.sent_back(recalled.from, now);
  } else if (recalled.known) {
    const auto verdict = history_.returns(client.key, recalled.family, recalled.outcome, now);
    if (verdict.hint && recalled.from != kNoNode) table_.hint(recalled.from, now);
    served_here = verdict.served_here;
    apply(verdict, request);
  }
  const Choice choice = pick({table_, settings_}, request, rng_, now);
  if (choice.kind == Choice::Kind::kRedirect) {
    table_.issued(choice.node, request.mount, choice.kbps, now);
    const Node& node = table_.node(choice.node);
    if (recalled.known)
      history_.redirected(client.key, recalled.family, node.key, now,
                          {.confirms = node.keyed, .redirects = is_master(node.id)});
  } else if (choice.kind == Choice::Kind::kServe && choice.node != kNoNode && !request.relay) {
    const bool direct = choice.reason == PickReason::kCannotFollow;
    table_.issued(choice.node, request.mount, choice.kbps, now, !direct);
    if (direct && served_here) history_.served(client.key, now);
  }
  return choice;
}

Choice Balancer::explain(PickRequest request, const Client& client, SteadyTime now,
                         PickTrace& trace) const {
  const Recalled recalled = recall(request, client, now);
  if (client.sent_back)
    send_elsewhere(recalled, request);
  else if (recalled.known)
    apply(history_.judge(client.key, recalled.family, recalled.outcome, now), request);
  Rng rng = rng_;  // keeps the next choice independent of this question
  return pick({table_, settings_}, request, rng, now, &trace);
}

void Balancer::arrived(std::span<const ClientKey> clients) {
  for (const ClientKey client : clients) history_.arrived(client);
}

}  // namespace lb
