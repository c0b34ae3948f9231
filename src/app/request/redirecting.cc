#include "app/request/redirecting.h"

#include <utility>

#include "app/cluster/cluster_links.h"
#include "app/cluster/cluster_service.h"
#include "app/cluster/master_links.h"
#include "app/cluster/relay_service.h"
#include "app/cluster/slot_service.h"
#include "app/request/asked_address.h"
#include "app/request/refusals.h"
#include "app/request/request_config.h"
#include "app/request/request_context.h"
#include "app/services/network.h"
#include "app/services/worker.h"
#include "app/topology/cluster_facts.h"
#include "app/topology/cluster_plans.h"
#include "app/topology/country_watch.h"
#include "app/topology/mount_load.h"
#include "base/cat.h"
#include "cluster/balance/redirect_decider.h"
#include "cluster/balance/redirect_reply.h"
#include "config/settings/config.h"

namespace lb {
namespace {

void refuse_full(Connection& connection, std::chrono::seconds retry_after) {
  reply_refusal(connection, 503, "All servers are full, please try again\r\n",
                cat({"Retry-After: ", retry_after.count(), "\r\nX-Reason: cluster-full\r\n"}));
}

}  // namespace

Verdict act_on(Connection& connection, const RedirectAnswer& answer) {
  switch (answer.kind) {
    case RedirectAnswer::Kind::kServeRelay:
      connection.context().sender.proves(Sender::Kind::kServer);
      return Verdict::kNext;
    case RedirectAnswer::Kind::kServe:
      connection.context().asked.direct = answer.direct;
      return Verdict::kNext;
    case RedirectAnswer::Kind::kRedirect:
      redirect_to(connection, answer);
      return Verdict::kAnswered;
    case RedirectAnswer::Kind::kRefuse:
      refuse_full(connection, answer.retry_after);
      return Verdict::kAnswered;
  }
  return Verdict::kNext;
}

void redirect_to(Connection& connection, const RedirectAnswer& answer) {
  connection.reply_bytes(
      302, redirect_reply(answer.origin, asked_path(connection), asked_query(connection),
                          answer.token, connection.http_headers()));
}

void carry_out(Worker& worker, std::uint64_t id, const RedirectAnswer& answer) {
  Connection* waiting = worker.find_connection(id);
  if (waiting == nullptr) return;
  if (act_on(*waiting, answer) == Verdict::kNext) waiting->resume(Verdict::kNext);
}

void ask_way_back(Worker& worker, Connection& connection,
                  UniqueFunction<void(Connection&, const RedirectAnswer&)> then) {
  RedirectAsk asked = make_redirect_ask(worker.services, connection, connection.request().path,
                                        *worker.services.cluster->facts());
  asked.arrival = connection.context().arrival;
  worker.services.loops.control().post_together(
      [&worker, id = connection.id(), asked = std::move(asked), then = std::move(then)]() mutable {
        worker.loop.post_together([&worker, id, then = std::move(then),
                                   answer = worker.services.cluster->unserved(asked)]() mutable {
          if (Connection* waiting = worker.find_connection(id)) then(*waiting, answer);
        });
      });
}

void answer_unserved(Worker& worker, Connection& connection, std::string_view reason,
                     UniqueFunction<void(Connection&)> otherwise) {
  const Arrival& arrival = connection.context().arrival;
  const Network& network = worker.services;
  const bool in_cluster = arrival.redirected() || arrival.sent_back() ||
                          network.links->masters().any_linked() || network.relays->publishes();
  if (!in_cluster || connection.context().is_server()) {
    otherwise(connection);
    return;
  }
  ask_way_back(
      worker, connection,
      [reason = std::string(reason), otherwise = std::move(otherwise)](
          Connection& waiting, const RedirectAnswer& answer) mutable {
        if (answer.kind == RedirectAnswer::Kind::kRedirect) {
          redirect_to(waiting, answer);
        } else if (answer.kind == RedirectAnswer::Kind::kRefuse) {
          reply_refusal(
              waiting, 503, "This server cannot play it now, please try again\r\n",
              cat({"Retry-After: ", answer.retry_after.count(), "\r\nX-Reason: ", reason, "\r\n"}));
        } else {
          otherwise(waiting);
        }
      });
}

RedirectAsk make_redirect_ask(const Network& network, Connection& connection,
                              const std::string& mount, const ClusterFacts& facts) {
  const Request& request = connection.request();
  RedirectAsk ask;
  ask.mount = mount;
  ask.scheme = connection.secure() ? PublicScheme::kHttps : PublicScheme::kHttp;
  ask.client = connection.peer();
  ask.country = network.countries->country_of(ask.client);
  ask.user_agent = request.headers.get("user-agent");
  const MountSettings& section = section_of(network, connection, mount);
  ask.needs = protections_of(section);
  if (network.links->slots().limits(section, mount))
    ask.needs =
        static_cast<ProtectionSet>(ask.needs | static_cast<ProtectionSet>(Protection::kSlots));
  ask.tags = section.balance.tags;
  if (const auto at = network.mounts.find(mount);
      at && !connection.context().past && !connection.context().hls)
    ask.full_here = free_places(*at) == 0;
  // Players older than Host: cannot follow a redirect either.
  const bool old = request.protocol != Protocol::kHttp ||
                   (request.version_minor == 0 && request.headers.find("host") == nullptr);
  ask.direct = old || cannot_follow(ask.user_agent, facts.no_redirect);
  ask.bare = request.headers.find("accept") == nullptr && request.headers.find("range") == nullptr;
  return ask;
}

bool lacks_token(const Network& network, Connection& connection) {
  const ClusterService& cluster = *network.cluster;
  if (!cluster.wants_tokens() || cluster.redirects() ||
      cluster.facts()->require != TokenRequire::kHard)
    return false;
  const RequestContext& context = connection.context();
  return !context.arrival.redirected() && !context.sender.claims_server;
}

void note_arrival(const Network& network, Arrival& arrival) {
  if (std::exchange(arrival.confirms, false))
    network.cluster->count_arrival(arrival.redirected_by, arrival.client);
}

}  // namespace lb
