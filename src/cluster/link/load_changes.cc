#include "cluster/link/load_changes.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "cluster/link/frame.h"

namespace lb {
namespace {

std::uint32_t reported_below(const LoadChanges::Carried& each) {
  if (each.below == nullptr) return 0;
  return static_cast<std::uint32_t>(std::min(each.below->listeners, kMaxListeners));
}

const std::vector<Below::Share>& masters_of(const LoadChanges::Carried& each) {
  static const std::vector<Below::Share> kNone;
  return each.below == nullptr ? kNone : each.below->of_masters;
}

std::optional<std::vector<std::string>> from_of(const LoadChanges::Carried& each) {
  if (each.from == nullptr) return std::nullopt;
  return *each.from;
}

bool same_way(const MountLoad& load, const LoadChanges::Carried& each) {
  return each.from == nullptr ? !load.from : load.from == *each.from;
}

}  // namespace

void LoadChanges::count(Row& row, const Carried& now) {
  const auto bits = std::llround(1000 * now.listeners * now.kbps);
  listeners_ += now.listeners - row.load.listeners;
  relays_ += (now.pulled ? 1U : 0U) - (row.pulled ? 1U : 0U);
  bits_ += bits - row.bits;
  row.load.listeners = now.listeners;
  row.pulled = now.pulled;
  row.bits = bits;
}

void LoadChanges::note(Row& row) {
  by_version_.erase(row.version);
  row.version = ++version_;
  by_version_.emplace_hint(by_version_.end(), row.version, &row);
}

bool LoadChanges::end(Rows::iterator at, SteadyTime when) {
  Row& row = at->second;
  if (!has_values(row.load)) return false;
  const bool urgent = row.load.carries;
  count(row, {.mount = at->first});
  row.load = MountLoad{.mount = at->first, .carries = false};
  row.of_masters.clear();
  note(row);
  ended_.push_back({when, at, row.version});
  return urgent;
}

std::uint64_t LoadChanges::arrivals(std::string_view master, std::uint64_t now) const {
  const auto at = arrivals_.find(master);
  return at == arrivals_.end() ? now : at->second;
}

void LoadChanges::forget(SteadyTime when) {
  for (; !ended_.empty() && when - ended_.front().when > kRemembered; ended_.pop_front()) {
    const Ended& first = ended_.front();
    // A row is removed only by its last end, so earlier entries still name a present row.
    if (first.row->second.version != first.version) continue;
    by_version_.erase(first.version);
    rows_.erase(first.row);
  }
}

bool LoadChanges::set(const Carried& each, SteadyTime when) {
  const auto at = rows_.find(each.mount);
  const bool fresh = at == rows_.end();
  const bool anything = each.carries || each.enforces != 0 || each.cannot != PullFault::kNone;
  if (!anything) return !fresh && end(at, when);
  Row& row = fresh ? rows_[std::string(each.mount)] : at->second;
  MountLoad& load = row.load;
  if (fresh) load = {.mount = std::string(each.mount), .carries = false};
  const std::uint32_t below = reported_below(each);
  const bool other_way = !same_way(load, each);
  const bool same = !fresh && load_values(load) == load_values(each) && load.below == below &&
                    !other_way && row.of_masters == masters_of(each);
  const bool urgent = load.carries != each.carries || load.cannot != each.cannot ||
                      (!fresh && ((load.listeners == 0) != (each.listeners == 0) ||
                                  (load.free == 0) != (each.free == 0) ||
                                  (load.below == 0) != (below == 0) || other_way));
  count(row, each);
  if (same) return false;
  load_values(load) = load_values(each);
  load.below = below;
  if (other_way) load.from = from_of(each);
  row.of_masters = masters_of(each);
  note(row);
  return urgent;
}

MountLoad LoadChanges::load_for(const Row& row, std::string_view master) {
  MountLoad load = row.load;
  if (load.from && !load.from->empty() && load.from->back() == master) load.from.reset();
  for (const Below::Share& share : row.of_masters)
    if (share.master == master)
      load.below -=
          static_cast<std::uint32_t>(std::min<std::uint64_t>(load.below, share.listeners));
  return load;
}

LoadChanges::Changes LoadChanges::since(std::uint64_t version, std::string_view master) const {
  Changes out;
  out.up_to = version_;
  const auto first = by_version_.upper_bound(version);
  for (auto at = first; at != by_version_.end(); ++at)
    out.loads.push_back(load_for(*at->second, master));
  if (const std::size_t fit = loads_that_fit(out.loads); fit < out.loads.size()) {
    out.up_to = std::next(first, static_cast<std::ptrdiff_t>(fit) - 1)->first;
    out.loads.resize(fit);
  }
  return out;
}

std::vector<MountLoad> LoadChanges::all(std::string_view master) const {
  std::vector<MountLoad> out;
  for (const auto& [mount, row] : rows_)
    if (has_values(row.load)) out.push_back(load_for(row, master));
  return out;
}

}  // namespace lb
