#include "app/pages/history_sample.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "app/cluster/cluster_service.h"
#include "app/services/event_service.h"
#include "app/services/network.h"
#include "app/topology/mount_load.h"
#include "cluster/nodes/audience.h"

namespace lb {
namespace {

void add_cluster(const Network& network, HistorySample& sample) {
  const RedirectDecider& decider = network.cluster->decider();
  const SteadyTime time = network.clock.steady();
  const auto names = decider.with_table([&](const NodeTable& table) {
    for (const Node& node : table.nodes()) {
      const NodeState state = node.state_at(time);
      if (node.id.empty() || node.kind == NodeKind::kSelf || state == NodeState::kDead ||
          state == NodeState::kJoining)
        continue;
      sample.nodes.try_emplace(node.id, HistoryNow{node.reported_listeners, node.reported_kbps});
    }
    std::vector<std::string> out;
    for (const MountNodes* row : table.mounts()) out.push_back(row->mount);
    return out;
  });
  for (const std::string& name : names) {
    const auto now = decider.with_table([&](const NodeTable& table) {
      std::optional<HistoryNow> seen;
      const MountNodes* row = table.mount(name);
      if (row == nullptr) return seen;
      const bool carried =
          std::any_of(row->carriers.begin(), row->carriers.end(), [&](const Carrier& carrier) {
            return carrier.node != table.self() && carrier.carries && table.carries(carrier, time);
          });
      if (!carried) return seen;
      const auto listeners = static_cast<double>(audience_of(table, *row).all());
      seen = HistoryNow{listeners, listeners * (row->kbps > 0 ? row->kbps : kNominalListenerKbps)};
      return seen;
    });
    if (!now) continue;
    HistoryNow& sum = sample.mounts[name];
    sum.listeners += now->listeners;
    sum.kbps += now->kbps;
  }
}

}  // namespace

HistorySample sample_of(const Network& network) {
  HistorySample sample;
  for (const auto all = network.mounts.all(); const auto& [name, mount] : *all) {
    if (!is_carried(*mount)) continue;
    const double listeners = audience_at(*mount);
    sample.mounts[name] = {listeners, listeners * listener_kbps(*mount)};
  }
  HistoryNow own;
  for (const auto& [name, now] : sample.mounts) {
    own.listeners += now.listeners;
    own.kbps += now.kbps;
  }
  sample.nodes[node_name(*network.config.read())] = own;
  add_cluster(network, sample);
  for (const auto& [name, now] : sample.mounts) {
    sample.all.listeners += now.listeners;
    sample.all.kbps += now.kbps;
  }
  return sample;
}

}  // namespace lb
