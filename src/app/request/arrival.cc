#include "app/request/arrival.h"

#include <utility>

#include "app/cluster/cluster_service.h"
#include "app/request/request_config.h"
#include "app/request/request_context.h"
#include "app/services/network.h"
#include "cluster/relay/relay_marks.h"
#include "config/settings/config.h"

namespace lb {

bool lacks_token(const Network& network, Connection& connection) {
  const ClusterService& cluster = *network.cluster;
  if (!cluster.wants_tokens() || cluster.redirects() ||
      cluster.facts()->require != TokenRequire::kHard)
    return false;
  return !connection.context().arrival.redirected() &&
         !is_relay_request(connection.request().headers, config_of(network, connection)->server_id);
}

void note_arrival(const Network& network, Arrival& arrival) {
  if (std::exchange(arrival.confirms, false))
    network.cluster->count_arrival(arrival.redirected_by, arrival.client);
}

}  // namespace lb
