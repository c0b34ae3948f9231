#include "app/cluster/carried_load.h"

#include <utility>

#include "app/cluster/cluster_plans.h"
#include "app/cluster/cluster_service.h"
#include "app/cluster/mount_load.h"
#include "app/cluster/relay_service.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

// A carrier costs about 20 ns, so a count takes at most 0.5 % of a processor, and the table is held
// for some 10 us at a time.
constexpr auto kPauseOfCarrier = 4us;
constexpr std::size_t kCarriersAtOnce = 500;
constexpr auto kCountAnyway = 1s;

}  // namespace

bool CarriedLoad::update(std::shared_ptr<const MountTable::Rows> mounts,
                         const std::vector<std::string>& master_ids) {
  const auto config = services_.config.read();
  if (mounts_ != mounts || config_ != config) {
    mounts_ = std::move(mounts);
    config_ = config;
    read_protections();
  }
  unable_ = services_.relays->unable();
  count_below(master_ids);
  list_mounts();
  return changes_.update(carried_, services_.loops.control().now());
}

// Finding the section of a mount may mean trying many patterns.
void CarriedLoad::read_protections() {
  protections_.clear();
  for (const auto& [name, mount] : *mounts_)
    protections_.push_back(protections_of(mount_section(*config_, name)));
}

void CarriedLoad::count_below(const std::vector<std::string>& master_ids) {
  const SteadyTime now = services_.loops.control().now();
  if (now < next_count_) return;
  const std::uint64_t revision = services_.cluster->decider().with_table(
      [](const NodeTable& table) { return table.mounts_revision(); });
  if (revision == counted_revision_ && now < next_count_ + kCountAnyway) return;
  counted_revision_ = revision;
  std::size_t carriers = 0;
  below_.clear();
  for (auto row = mounts_->begin(); row != mounts_->end();)
    services_.cluster->decider().with_table([&](const NodeTable& table) {
      for (std::size_t seen = 0; row != mounts_->end() && seen < kCarriersAtOnce; ++row) {
        const MountNodes* mount = table.mount(row->first);
        seen += 1 + (mount == nullptr ? 0 : mount->carriers.size());
        if (mount == nullptr) continue;
        carriers += mount->carriers.size();
        if (Below below = below_of(table, *mount, master_ids); below.listeners > 0)
          below_.push_back(std::move(below));
      }
    });
  next_count_ = now + carriers * kPauseOfCarrier;
}

void CarriedLoad::list_mounts() {
  carried_.clear();
  auto unable = unable_.begin();
  // A relay that is not on demand has no mount before it streams.
  const auto add_unable_before = [&](const std::string* mount) {
    for (; unable != unable_.end() && (mount == nullptr || unable->first < *mount); ++unable)
      carried_.push_back({.mount = unable->first, .carries = false, .cannot = unable->second});
  };
  auto protection = protections_.begin();
  auto below = below_.cbegin();
  for (const auto& [name, mount] : *mounts_) {
    add_unable_before(&name);
    const ProtectionSet enforces = *protection++;
    PullFault cannot = PullFault::kNone;
    const bool carries = is_carried(*mount);
    if (unable != unable_.end() && unable->first == name) {
      if (!carries) cannot = unable->second;
      unable = carries ? unable_.erase(unable) : std::next(unable);
    }
    if (!carries && enforces == 0 && cannot == PullFault::kNone) continue;
    const auto facts = mount->facts();
    if (facts->from_file) continue;
    while (below != below_.cend() && below->mount < name) ++below;
    const bool has_below = carries && below != below_.cend() && below->mount == name;
    carried_.push_back({name, carries ? audience_at(*mount) : 0, listener_kbps(*mount),
                        carries && facts->relayed, carries, enforces, cannot, free_places(*mount),
                        carries ? &way_of_(name, *facts) : nullptr, has_below ? &*below : nullptr});
  }
  add_unable_before(nullptr);
}

}  // namespace lb
