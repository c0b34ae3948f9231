// The answers of ClusterService to listeners: redirects with their tokens, the way back to a
// master, and the nodes for a playlist.
#include <algorithm>
#include <cmath>
#include <utility>

#include "app/cluster/cluster_links.h"
#include "app/cluster/cluster_service.h"
#include "app/cluster/master_links.h"
#include "app/cluster/relay_service.h"
#include "app/services/network.h"
#include "app/topology/mount_lookup.h"

namespace lb {

using namespace std::chrono_literals;

RedirectAnswer ClusterService::answer_of(Decision decision, const RedirectAsk& ask) const {
  RedirectAnswer answer;
  answer.direct = decision.direct;
  if (decision.retry_after.count() > 0) answer.retry_after = decision.retry_after;
  if (decision.kind == Decision::Kind::kServe) return answer;
  answer.kind = decision.kind == Decision::Kind::kServeRelay ? RedirectAnswer::Kind::kServeRelay
                                                             : RedirectAnswer::Kind::kRefuse;
  if (decision.kind != Decision::Kind::kRedirect) return answer;
  answer.kind = RedirectAnswer::Kind::kRedirect;
  answer.origin = std::move(decision.origin);
  answer.token = token_for(
      {std::move(decision.node), decision.checks_tokens, decision.is_master, decision.ours,
       decision.keyed},
      ask.mount, ask.arrival.sent_back() ? RedirectToken::kAgain : RedirectToken::kOfRedirect,
      decision.client);
  return answer;
}

// For a linked node the token is signed with the link's key, whatever <token> says at either end:
// arrivals are confirmed, and no listener is refused when <token> changes at one end first.
//
// A peer (a node that is our master as well) would redirect the listener back to us.  Without
// shared keys the token is signed with the open key, to prevent that.
std::string ClusterService::token_for(const TokenFor& node, std::string_view mount,
                                      std::uint8_t hops, ClientKey client) const {
  if (node.keyed && (hops != RedirectToken::kOfList || node.checks_tokens))
    return link_keys_.sign_for_link(node.id, mount, token_tag(facts_.read()->id),
                                    network_.clock.wall(), hops, client);
  // Any node of our product understands that the listener must not be sent back.
  const bool marked = node.ours && hops == RedirectToken::kAgain;
  if (!node.checks_tokens && !node.is_master && !marked) return {};
  const auto facts = facts_.read();
  const auto sign = [&](const TokenKeys& keys) {
    return keys.sign(node.id, mount, token_tag(facts->id), network_.clock.wall(), hops);
  };
  if (!facts->keys.empty() && node.checks_tokens) return sign(facts->keys);
  return node.is_master || marked ? sign(facts->open_keys) : std::string();
}

TokenKey ClusterService::key_for(const std::string& node) const {
  return {link_keys_.name(), link_keys_.link_key(node)};
}

RedirectAnswer ClusterService::unserved(const RedirectAsk& ask) {
  RedirectAnswer answer;
  const std::string* const at_master = network_.lookup->at_master(ask.mount);
  const bool offered =
      network_.links->masters().is_offered(ask.mount) || network_.relays->is_listed(ask.mount);
  const bool known = offered || at_master != nullptr;
  if (!ask.arrival.redirected() && !ask.arrival.sent_back() && !known) return answer;
  answer.kind = RedirectAnswer::Kind::kRefuse;
  answer.retry_after = std::chrono::seconds(1 + rng_.below(3));
  // Without a token only the history shows that a listener has returned.
  const ClientKey client = client_key(ask.client.ip(), ask.user_agent, ask.mount);
  // From a master that does not offer it none returns.
  const bool returns = offered || at_master == nullptr;
  const bool was_there =
      returns && !ask.arrival.redirected() && sent_to_master_.last(client, now()).node != 0;
  if (stopped_ || ask.arrival.way != Arrival::Way::kFirst || was_there) return answer;
  std::optional<WayBack> back;
  if (ask.arrival.redirected()) {
    back = network_.links->masters().way_back(ask.scheme, ask.arrival.redirected_by);
    if (!back) back = network_.relays->way_back(ask.scheme, ask.arrival.redirected_by);
  }
  if (!back && at_master != nullptr)
    back = network_.links->masters().way_back(ask.scheme, token_tag(*at_master));
  if (!back) back = network_.links->masters().way_back(ask.scheme, std::nullopt);
  if (!back) back = network_.relays->way_back(ask.scheme, std::nullopt);
  if (!back) return answer;
  sent_to_master_.redirected(client, user_agent_family(ask.user_agent), node_key(back->origin),
                             now());
  const auto facts = facts_.read();
  // Without a token of ours the master may have other keys.
  const TokenKeys& keys =
      ask.arrival.token == Arrival::Token::kOurs ? facts->keys : facts->open_keys;
  answer.kind = RedirectAnswer::Kind::kRedirect;
  answer.origin = std::move(back->origin);
  // The master checks the expiry by its own clock.
  const auto clocks = clocks_.read();
  const auto ahead = clocks->ahead.find(back->master_id);
  const WallTime time =
      network_.clock.wall() + (ahead == clocks->ahead.end() ? 0ms : ahead->second);
  answer.token =
      keys.sign(back->master_id, ask.mount, token_tag(back->own_name), time, RedirectToken::kBack);
  return answer;
}

RedirectAnswer ClusterService::send_to_master(const RedirectAsk& ask) {
  RedirectAnswer answer;
  if (stopped_ || decider_.is_server(ask.client, ask.user_agent, ask.bare, now())) return answer;
  const ClientKey client = client_key(ask.client.ip(), ask.user_agent, ask.mount);
  // A listener that returns from the master without the parameter is served.
  if (sent_to_master_.last(client, now()).node != 0) return answer;
  auto master = network_.links->masters().origin(ask.scheme);
  if (!master) master = network_.relays->master_origin(ask.scheme);
  if (!master) return answer;
  sent_to_master_.redirected(client, user_agent_family(ask.user_agent), node_key(*master), now());
  answer.kind = RedirectAnswer::Kind::kRedirect;
  answer.origin = *master;
  return answer;
}

// A random choice by free capacity, as the policy makes: if all lists began with the same node, all
// listeners would go there.
std::vector<ClusterService::Place> ClusterService::best_places(const RedirectAsk& ask,
                                                               std::size_t most) {
  PickTrace trace;
  RedirectAsk stranger = ask;
  stranger.stranger = true;
  explain(stranger, trace);
  struct Row {
    double key;
    std::string origin;
    TokenFor node;
  };
  std::vector<Row> rows;
  decider_.with_table([&](const NodeTable& table) {
    for (const PickTrace::Row& row : trace.rows) {
      const bool usable = row.out == OutReason::kIn || row.out == OutReason::kAboveBound ||
                          row.out == OutReason::kNoCarrier || row.out == OutReason::kPassedOver;
      if (!usable || row.node == table.self()) continue;
      const Node& node = table.node(row.node);
      const NodeAddress* address = node.address_for(ask.scheme, family_of(ask.client));
      if (address == nullptr) continue;
      // Sampling without replacement: the largest of u^(1/weight); carriers come first.
      const double weight = std::max(1.0, row.room_kbps);
      rows.push_back(
          {std::log(1 - rng_.unit()) / weight + (row.carries ? 1e3 : 0),
           origin_of(*address),
           {node.id, node.checks_tokens, masters_.contains(node.id), is_ours(node), node.keyed}});
    }
  });
  std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.key > b.key; });
  std::vector<Place> out;
  for (const Row& row : rows) {
    if (out.size() == most) break;
    out.push_back({row.origin, token_for(row.node, ask.mount, RedirectToken::kOfList, 0)});
  }
  return out;
}

}  // namespace lb
