// This node's row in its own table, and its reports to masters.
#include <algorithm>
#include <utility>

#include "app/cluster/cluster_links.h"
#include "app/cluster/cluster_service.h"
#include "app/cluster/master_links.h"
#include "app/cluster/relay_service.h"
#include "app/services/network.h"
#include "app/topology/cluster_plans.h"
#include "app/topology/mount_load.h"
#include "base/cat.h"
#include "cluster/polling/node_report.h"
#include "cluster/relay/relay.h"
#include "config/settings/config.h"

namespace lb {

// Computed once for a configuration, so that it does not change with every open file.
std::uint64_t ClusterService::count_places(const Config& config, bool member) const {
  const ProcessUsage usage = process_usage();
  const auto now =
      static_cast<std::uint64_t>(std::max<std::int64_t>(network_.counters.clients.inside(), 0));
  const std::uint64_t places = places_for_connections(usage, now);
  const unsigned wanted = own_capacity(config, kNoDescriptorLimit).listeners;
  if (member && places < wanted)
    network_.log.warn("cluster/cluster",
                      cat({"capacity: ", wanted, " listeners are configured, but the limit of ",
                           usage.most_fds, " file descriptors (ulimit -n) leaves room for ", places,
                           ", and this number is announced to the cluster"}));
  return places;
}

// This node is a candidate too; its own load is fresher than any report.
void ClusterService::report_self(SteadyTime time) {
  LoadReport load;
  load.received = load.sampled = time;
  double kbps = 0;
  unsigned audience = 0;
  std::size_t carried = 0;
  std::vector<std::pair<std::string_view, double>> rates;
  std::vector<std::string_view> gone;
  const auto used = network_.mounts.in_use();
  for (const auto& [name, mount] : used) {
    if (!is_carried(*mount)) continue;
    const unsigned here = audience_at(*mount);
    if (const double rate = known_kbps(*mount); rate > 0) rates.emplace_back(name, rate);
    kbps += here * listener_kbps(*mount);
    audience += here;
    ++carried;
    const auto& way = network_.links->masters().way_of(name, *mount);
    const auto [at, is_new] = reported_.try_emplace(name);
    MountLoad& row = at->second;
    if (!is_new && row.listeners == here && (row.from ? *row.from == way : way.empty())) continue;
    if (is_new) read_rules(name);
    row.mount = name;
    row.listeners = here;
    row.from = way.empty() ? std::nullopt : std::optional(way);
    load.changed.push_back(row);
  }
  if (reported_.size() > carried) {
    for (const auto& [name, row] : reported_) {
      const auto mount = network_.mounts.find(name);
      if (mount && is_carried(*mount)) continue;
      load.changed.push_back({.mount = name, .carries = false});
      gone.push_back(name);
    }
  }
  note_peaks();
  load.kbps = kbps;
  load.listeners = audience;
  decider_.with_table([&](NodeTable& table) {
    for (const auto& [name, rate] : rates) table.set_mount_kbps(name, rate);
    for (const std::string_view name : gone) table.forget_mount(name);
    if (table.self() != kNoNode) table.report(table.self(), load);
  });
  for (const std::string_view name : gone) reported_.erase(reported_.find(name));
}

std::uint64_t ClusterService::arrivals(std::string_view master_id) const noexcept {
  return arrivals_[token_tag(master_id)].load(std::memory_order_relaxed);
}

NodeReport ClusterService::own_report(const std::vector<std::string>& mounts,
                                      std::string_view master_id) {
  const auto config = network_.config.read();
  const auto facts = facts_.read();
  NodeReport report;
  static_cast<NodeFacts&>(report) = own_facts(*config, epoch_, facts->places);
  report.form = NodeReport::Form::kOurs;
  report.id = facts->id;
  report.seq = ++numbers_.last_report;
  report.port = static_cast<std::uint16_t>(config->port);
  report.tokens = !facts->keys.empty();
  report.draining = network_.drain.draining();
  // In the first report to a master of unknown id no listener has come from it yet.
  if (report.tokens) report.arrived = master_id.empty() ? 0 : arrivals(master_id);
  report.masters = 0;
  for (const MasterPlan& plan : master_plans(*config)) report.masters += plan.publish ? 1 : 0;
  double kbps = 0;
  unsigned audience = 0;
  for (const auto used = network_.mounts.in_use(); const auto& [name, mount] : used) {
    if (!is_carried(*mount)) continue;
    kbps += audience_at(*mount) * listener_kbps(*mount);
    audience += audience_at(*mount);
    report.relays += mount->facts()->relayed ? 1 : 0;
  }
  report.kbps = kbps;
  report.listeners = audience;
  const auto& unable = network_.relays->unable();
  std::size_t cannot = 0;
  for (const std::string& name : mounts) {
    const auto mount = network_.mounts.find(name);
    MountLoad row;
    row.mount = name;
    row.carries = mount != nullptr && is_carried(*mount);
    row.listeners = row.carries ? audience_at(*mount) : 0;
    row.enforces = protections_of(mount_section(*config, name));
    if (const auto found = unable.find(name); found != unable.end() && !row.carries) {
      row.cannot = found->second;
      ++cannot;
    }
    if (mount != nullptr) row.free = free_places(*mount);
    // An uncarried relay is idle here; one that rests without a known fault is not offered.
    const Relay* relay = network_.relays->relay_of(name);
    if (row.carries || row.cannot != PullFault::kNone || (relay != nullptr && !relay->rests()))
      report.mounts.push_back(std::move(row));
  }
  if (2 * cannot > mounts.size()) {
    const auto first = std::find_if(report.mounts.begin(), report.mounts.end(),
                                    [](const auto& row) { return row.cannot != PullFault::kNone; });
    report.cannot = first->cannot;
  }
  return report;
}

}  // namespace lb
