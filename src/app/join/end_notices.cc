#include "app/join/end_notices.h"

#include <utility>

#include "app/audience/audience_service.h"
#include "app/request/request_context.h"
#include "app/services/worker.h"
#include "app/topology/country_watch.h"
#include "audience/agents.h"
#include "http/connections.h"

namespace lb {

bool may_be_cached(const Network& network, const Connection& connection) {
  return network.http.read()->trusted_proxies.contains(connection.sender());
}

std::unique_ptr<EndNotice> begin_listening(Worker& worker, Connection& connection,
                                           const std::string& mount, ListeningWay way,
                                           bool server) {
  const Network& network = worker.services;
  std::unique_ptr<EndNotice> notice = std::move(connection.context().let_in.notice);
  if (!network.listenings->on()) return notice;
  ListeningFacts facts;
  facts.mount = mount;
  facts.address = connection.ip();
  facts.agent = connection.request().headers.get("user-agent");
  facts.referer = connection.request().headers.get("referer");
  facts.user = connection.user;
  facts.country = network.countries->country_of(connection.peer());
  facts.way = way;
  facts.cached = way == ListeningWay::kHls && may_be_cached(network, connection);
  if (server)
    facts.kind = ListenerKind::kRelay;
  else if (is_bot(facts.agent))
    facts.kind = ListenerKind::kBot;
  return network.listenings->begin(std::move(facts), std::move(notice));
}

}  // namespace lb
