// The weights of nodes from records or orders, which override those of the configuration file.
#include <utility>

#include "app/cluster/cluster_links.h"
#include "app/cluster/cluster_service.h"
#include "app/cluster/node_links.h"
#include "app/services/event_service.h"
#include "app/services/network.h"
#include "config/settings/config.h"

namespace lb {

void ClusterService::set_weights(Weights weights) {
  if (weights == weights_) return;
  weights_ = std::move(weights);
  weights_changed();
}

void ClusterService::set_weight(const std::string& node, std::optional<unsigned> weight) {
  if (weight)
    weights_[node] = *weight;
  else
    weights_.erase(node);
  weights_changed();
}

// The first configuration, if still to come, uses the weights.
void ClusterService::weights_changed() {
  if (stopped_ || facts_.read()->id.empty()) return;
  configure(*network_.config.read());
  network_.links->nodes().configure();  // passes on the nodes' limits
}

void ClusterService::weigh(KnownNodes& known) const {
  const auto put = [this](const std::string& id, NodeLimits& limits) {
    if (const auto at = weights_.find(id); at != weights_.end()) limits.weight = at->second;
  };
  for (KnownNode& node : known.nodes) put(node.id, node.limits);
  for (KnownSlave& slave : known.slaves) put(id_of(slave), slave.limits);
}

unsigned ClusterService::self_weight() const {
  const auto config = network_.config.read();
  const auto at = weights_.find(node_name(*config));
  return at == weights_.end() ? config->cluster.self_weight : at->second;
}

}  // namespace lb
