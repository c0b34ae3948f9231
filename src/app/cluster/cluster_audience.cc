// The listeners at and behind the nodes (cluster_service.h, cluster/nodes/audience.h).

#include <string>
#include <utility>
#include <vector>

#include "app/cluster/cluster_service.h"
#include "app/services/network.h"
#include "app/topology/mount_load.h"
#include "cluster/nodes/audience.h"

namespace lb {
namespace {

constexpr std::size_t kCarriersATurn = 500;  // in one turn with the table

}  // namespace

ListenersElsewhere ClusterService::listeners_elsewhere(
    const std::optional<std::string>& only) const {
  ListenersElsewhere elsewhere;
  elsewhere.counted = redirects();
  if (!elsewhere.counted) return elsewhere;
  // Redirects wait for the table, so it is not held for all mounts at once.
  std::vector<std::string> names;
  decider_.with_table([&](const NodeTable& table) {
    double all = 0;
    for (const Node& node : table.nodes())
      if (node.kind != NodeKind::kSelf) all += node.reported_listeners;
    elsewhere.nodes = static_cast<std::uint64_t>(all);
    for (const MountNodes* row : table.mounts())
      if (!only || *only == row->mount || !row->behind.empty()) names.push_back(row->mount);
  });
  for (auto name = names.begin(); name != names.end();)
    decider_.with_table([&](const NodeTable& table) {
      for (std::size_t seen = 0; name != names.end() && seen < kCarriersATurn; ++seen, ++name) {
        const MountNodes* const row = table.mount(*name);
        if (row == nullptr) continue;
        seen += row->carriers.size();
        const Audience audience = audience_of(table, *row);
        elsewhere.below += audience.below;
        if (audience.all() > 0 && (!only || *only == *name))
          elsewhere.mounts.emplace(*name, audience);
      }
    });
  return elsewhere;
}

// A mount's peak counts the listeners of the cluster.  Nodes may have mounts that are not here.
void ClusterService::note_peaks() {
  const auto all = network_.mounts.all();
  std::vector<std::pair<Mount*, Audience>> heard;
  for (auto at = all->begin(); at != all->end();)
    decider_.with_table([&](const NodeTable& table) {
      for (std::size_t seen = 0; at != all->end() && seen < kCarriersATurn; ++seen, ++at) {
        const MountNodes* const row = table.mount(at->first);
        if (row == nullptr) continue;
        seen += row->carriers.size();
        if (const Audience audience = audience_of(table, *row); audience.all() > 0)
          heard.emplace_back(at->second.get(), audience);
      }
    });
  steady_below_.begin();
  for (const auto& [mount, audience] : heard) {
    const std::uint64_t below =
        audience.below == 0 ? 0 : steady_below_.put(mount->name(), audience.below);
    mount->note_peak(static_cast<std::int64_t>(audience_at(*mount) + audience.nodes + below));
  }
}

}  // namespace lb
