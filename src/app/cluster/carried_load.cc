#include "app/cluster/carried_load.h"

#include <algorithm>
#include <utility>

#include "app/cluster/cluster_service.h"
#include "app/cluster/relay_service.h"
#include "app/services/network.h"
#include "app/topology/cluster_plans.h"
#include "app/topology/mount_load.h"
#include "config/settings/config.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

// A carrier costs about 20 ns, so counting takes at most 0.5 % of a processor, and locks the table
// for some 10 us at a time.
constexpr auto kPauseOfCarrier = 4us;
constexpr std::size_t kCarriersAtOnce = 500;
constexpr auto kCountAnyway = 1s;
constexpr int kWalkShare = 20;  // of the loop, for one part of reading all
constexpr std::chrono::nanoseconds kWalkAnyway = 250ms;

}  // namespace

bool CarriedLoad::update(const MountTable::Rows& mounts, const std::vector<std::string>& master_ids,
                         LoadChanges::Arrivals arrivals) {
  const SteadyTime now = network_.loops.control().now();
  Names touched = std::exchange(other_records_, {});
  if (const auto config = network_.config.read(); config_ != config) {
    config_ = config;
    for (const auto& [name, mount] : mounts) touched.insert(touched.end(), name);
  }
  MountTable::Rows::for_each_change(mounts_, mounts, [&](const auto* was, const auto* is) {
    touched.insert((was != nullptr ? was : is)->first);
  });
  mounts_ = mounts;
  for (const std::string& name : touched) read_protection(name);
  read_unable(touched);
  auto used = network_.mounts.in_use();
  MountTable::Rows::for_each_change(in_use_, used, [&](const auto* was, const auto* is) {
    touched.insert((was != nullptr ? was : is)->first);
  });
  in_use_ = std::move(used);
  count_below(master_ids);
  bool urgent = false;
  const auto check = [&](const std::string& name, const Mount* mount) {
    urgent = changes_.set(read(name, mount), now) || urgent;
  };
  const bool walks = network_.clock.steady() >= next_walk_;
  if (walks) {
    const auto began = network_.clock.thread_work();
    for (const auto& [name, mount] : in_use_) check(name, mount.get());
    changes_.counted(std::move(arrivals));
    next_walk_ = network_.clock.steady() +
                 std::min(kWalkShare * (network_.clock.thread_work() - began), kWalkAnyway);
  }
  for (const std::string& name : touched) {
    const auto* mount = in_use_.look_up(name);
    if (walks && mount != nullptr) continue;
    if (mount == nullptr) mount = mounts_.look_up(name);
    check(name, mount == nullptr ? nullptr : mount->get());
  }
  changes_.forget(now);
  return urgent;
}

void CarriedLoad::records_changed(std::span<const std::string> mounts) {
  if (config_ == nullptr) return;
  config_ = network_.config.read();
  other_records_.insert(mounts.begin(), mounts.end());
}

// Reads one mount only: finding its section may try many patterns.
void CarriedLoad::read_protection(const std::string& mount) {
  const ProtectionSet enforces =
      mounts_.contains(mount) ? protections_of(mount_section(*config_, mount)) : 0;
  if (enforces != 0)
    protections_.insert_or_assign(mount, enforces);
  else
    protections_.erase(mount);
}

void CarriedLoad::read_unable(Names& touched) {
  const Faults& now = network_.relays->unable();
  if (std::exchange(pulls_read_, network_.relays->unable_revision()) ==
      network_.relays->unable_revision())
    return;
  for (const auto& [name, fault] : pulls_) touched.insert(name);
  for (const auto& [name, fault] : now) touched.insert(name);
  pulls_ = now;
}

void CarriedLoad::set_unable(const std::string& mount, PullFault fault) {
  const auto at = unable_.find(mount);
  if (fault == (at == unable_.end() ? PullFault::kNone : at->second)) return;
  ++unable_revision_;
  if (fault == PullFault::kNone)
    unable_.erase(at);
  else
    unable_.insert_or_assign(mount, fault);
}

void CarriedLoad::count_below(const std::vector<std::string>& master_ids) {
  const SteadyTime now = network_.loops.control().now();
  if (now < next_count_) return;
  const std::uint64_t revision = network_.cluster->decider().with_table(
      [](const NodeTable& table) { return table.mounts_revision(); });
  if (revision == counted_revision_ && counted_.is_same(in_use_) &&
      now < next_count_ + kCountAnyway)
    return;
  counted_revision_ = revision;
  counted_ = in_use_;
  std::size_t carriers = 0;
  below_.clear();
  for (auto row = in_use_.begin(); row != in_use_.end();)
    network_.cluster->decider().with_table([&](const NodeTable& table) {
      for (std::size_t seen = 0; row != in_use_.end() && seen < kCarriersAtOnce; ++row) {
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

// mount: null for a permanent relay that does not stream yet.
LoadChanges::Carried CarriedLoad::read(const std::string& name, const Mount* mount) {
  const auto pull = pulls_.find(name);
  const PullFault fault = pull == pulls_.end() ? PullFault::kNone : pull->second;
  const bool carries = mount != nullptr && is_carried(*mount);
  const PullFault cannot = carries ? PullFault::kNone : fault;
  set_unable(name, cannot);
  LoadChanges::Carried out{.mount = name, .carries = false, .cannot = cannot};
  const auto protection = protections_.find(name);
  const ProtectionSet enforces = protection == protections_.end() ? 0 : protection->second;
  if (mount == nullptr || (!carries && enforces == 0 && cannot == PullFault::kNone)) return out;
  const auto facts = mount->facts();
  if (facts->from_file) return {.mount = name, .carries = false};
  out.enforces = enforces;
  out.kbps = listener_kbps(*mount);
  out.free = free_places(*mount);
  if (!carries) return out;
  out.carries = true;
  out.listeners = audience_at(*mount);
  out.pulled = facts->relayed;
  out.from = &way_of_(name, *mount);
  const auto below = std::lower_bound(
      below_.begin(), below_.end(), name,
      [](const Below& each, const std::string& than) { return each.mount < than; });
  if (below != below_.end() && below->mount == name) out.below = &*below;
  return out;
}

}  // namespace lb
