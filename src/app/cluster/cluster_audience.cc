// The listeners at and behind the nodes (cluster_service.h, cluster/nodes/audience.h).

#include <optional>
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

// Of mounts with listeners at nodes, or behind them.  Redirects wait for the table, so it is not
// held for all mounts at once.
std::vector<std::pair<std::string, Audience>> audiences(
    const RedirectDecider& decider,
    const CarrierTable::Names& (NodeTable::*names_of)() const noexcept) {
  std::vector<std::pair<std::string, Audience>> out;
  std::string last;
  const auto more = [&](const NodeTable& table) {
    const auto& names = (table.*names_of)();
    auto name = names.upper_bound(last);
    for (std::size_t seen = 0; name != names.end() && seen < kCarriersATurn; ++seen, ++name) {
      last = *name;
      const MountNodes& row = *table.mount(last);
      seen += row.carriers.size();
      if (const Audience audience = audience_of(table, row); audience.all() > 0)
        out.emplace_back(last, audience);
    }
    return name != names.end();
  };
  while (decider.with_table(more)) continue;
  return out;
}

// … of these mounts alone.
std::vector<std::pair<std::string, Audience>> audiences_of(const RedirectDecider& decider,
                                                           const MountTable::Rows& mounts) {
  std::vector<std::pair<std::string, Audience>> out;
  for (auto at = mounts.begin(); at != mounts.end();)
    decider.with_table([&](const NodeTable& table) {
      for (std::size_t seen = 0; at != mounts.end() && seen < kCarriersATurn; ++seen, ++at) {
        const MountNodes* const row = table.mount(at->first);
        if (row == nullptr) continue;
        seen += row->carriers.size();
        if (const Audience audience = audience_of(table, *row); audience.all() > 0)
          out.emplace_back(at->first, audience);
      }
    });
  return out;
}

}  // namespace

ListenersElsewhere ClusterService::listeners_elsewhere(
    const std::optional<std::string>& only) const {
  ListenersElsewhere elsewhere;
  elsewhere.counted = redirects();
  if (!elsewhere.counted) return elsewhere;
  decider_.with_table([&](const NodeTable& table) {
    double all = 0;
    for (const Node& node : table.nodes())
      if (node.kind != NodeKind::kSelf) all += node.reported_listeners;
    elsewhere.nodes = static_cast<std::uint64_t>(all);
  });
  // Only those have listeners behind nodes.
  const auto names_of = only ? &NodeTable::tiered_mounts : &NodeTable::heard_mounts;
  for (auto& [name, audience] : audiences(decider_, names_of)) {
    elsewhere.below += audience.below;
    if (!only) elsewhere.mounts.emplace(std::move(name), audience);
  }
  if (only)
    decider_.with_table([&](const NodeTable& table) {
      const MountNodes* const row = table.mount(*only);
      const Audience audience = row == nullptr ? Audience() : audience_of(table, *row);
      if (audience.all() > 0) elsewhere.mounts.emplace(*only, audience);
    });
  return elsewhere;
}

// A mount's peak counts the listeners of the cluster.  Most mounts here may have none, and most
// that nodes have may not be here.
void ClusterService::note_peaks() {
  const auto mounts = network_.mounts.all();
  const bool few_heard = decider_.with_table(
      [&mounts](const NodeTable& table) { return table.heard_mounts().size() <= mounts->size(); });
  steady_below_.begin();
  for (const auto& [name, audience] : few_heard ? audiences(decider_, &NodeTable::heard_mounts)
                                                : audiences_of(decider_, *mounts)) {
    const auto at = mounts->find(name);
    if (at == mounts->end()) continue;
    const auto& mount = at->second;
    const std::uint64_t below = audience.below == 0 ? 0 : steady_below_.put(name, audience.below);
    mount->note_peak(static_cast<std::int64_t>(audience_at(*mount) + audience.nodes + below));
  }
}

}  // namespace lb
