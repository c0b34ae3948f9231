// Reports of relays: how they resumed, which mounts cannot be pulled, and where listeners are sent
// instead (relay_service.h).
#include <algorithm>
#include <utility>

#include "app/cluster/cluster_links.h"
#include "app/cluster/cluster_service.h"
#include "app/cluster/master_links.h"
#include "app/cluster/relay_service.h"
#include "app/services/event_service.h"
#include "app/services/worker.h"
#include "cluster/nodes/names.h"
#include "cluster/polling/master_watch.h"
#include "cluster/relay/relay.h"
#include "stream/source/source_set.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr auto kTellPause = 50ms;  // between reports of failed pulls

}  // namespace

void RelayService::promote_spare(unsigned worker, std::uint64_t spare, WriterLease lease,
                                 std::shared_ptr<const SourceFacts> facts) {
  Worker& home = *network_.workers[worker];
  home.loop.post(
      [&home, spare, lease = std::make_shared<WriterLease>(std::move(lease)),
       facts = std::move(facts)] { home.sources->promote_spare(spare, std::move(*lease), facts); });
}

void RelayService::relay_switched(const std::string& mount, const RelaySwitch& how) {
  network_.counters.relay_switches[static_cast<std::size_t>(how.seam.how)].fetch_add(
      1, std::memory_order_relaxed);
  network_.events->publish("relay-switch", mount,
                           {{"from", how.from},
                            {"to", how.to},
                            {"how", std::string(seam_name(how.seam.how))},
                            {"gap-ms", std::to_string(how.seam.gap.count())},
                            {"why", how.why}});
  // The relay changed between a master and its own upstream: its source moved here or away.
  network_.links->mount_changed(mount);
}

const std::map<std::string, PullFault, std::less<>>& RelayService::unable() {
  if (std::exchange(unable_known_, true)) return unable_;
  const auto before = std::exchange(unable_, {});
  relays_.for_each([this](const std::string& mount, const Relay& relay) {
    if (const PullFault fault = relay.cannot(); fault != PullFault::kNone)
      unable_.emplace_hint(unable_.end(), mount, fault);
  });
  if (unable_ != before) ++unable_revision_;
  return unable_;
}

void RelayService::note_unable(const std::string& mount) {
  if (!unable_known_) return;
  const Relay* relay = relays_.of_mount(mount);
  const PullFault fault = relay == nullptr ? PullFault::kNone : relay->cannot();
  const auto at = unable_.find(mount);
  if ((at == unable_.end() ? PullFault::kNone : at->second) == fault) return;
  if (fault == PullFault::kNone)
    unable_.erase(at);
  else
    unable_.insert_or_assign(mount, fault);
  ++unable_revision_;
}

void RelayService::report_unable() {
  if (unable() == reported_unable_) return;
  reported_unable_ = unable_;
  for (const auto& master : masters_) master->report_now();
}

void RelayService::pull_changed(const ConnectTarget& from, PullFault fault) {
  if (stopped_) return;
  unable_known_ = false;
  network_.links->masters().pulls_changed(from, fault);
  if (publishes() && !report_timer_.armed()) report_timer_.after(kTellPause);
}

PullFault RelayService::path_fault(const ConnectTarget& from) const {
  return network_.links->masters().path_fault(from);
}

std::optional<WayBack> RelayService::way_back(PublicScheme scheme,
                                              std::optional<std::uint8_t> tag) const {
  for (const auto& master : masters_) {
    const MasterPlan& plan = master->plan();
    if (!master->well() || !plan.publish || master->master_id().empty()) continue;
    if (tag && token_tag(master->master_id()) != *tag) continue;
    if (auto origin = origin_of(plan.target, scheme))
      return WayBack{std::move(*origin), master->master_id(),
                     is_node_id(plan.username) ? plan.username : network_.cluster->facts()->id};
  }
  return std::nullopt;
}

bool RelayService::is_listed(const std::string& mount) const {
  return std::any_of(masters_.begin(), masters_.end(), [&](const auto& master) {
    return master->plan().publish && !master->master_id().empty() && master->lists(mount);
  });
}

}  // namespace lb
