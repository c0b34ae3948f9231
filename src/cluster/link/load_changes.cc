#include "cluster/link/load_changes.h"

#include <algorithm>
#include <utility>

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

bool LoadChanges::update(const std::vector<Carried>& now, SteadyTime when) {
  bool urgent = false;
  bool moved = false;  // rows come or go
  listeners_ = relays_ = 0;
  kbps_ = 0;
  std::size_t row = 0;
  const auto end_row = [&](Row& ended) {
    if (ended.load.says_anything()) {
      urgent = urgent || ended.load.carries;
      ended.load = MountLoad{.mount = ended.load.mount, .carries = false};
      ended.of_masters.clear();
      ended.version = ++version_;
      ended.ended = when;
    } else if (when - ended.ended > kRemembered) {
      moved = true;
    }
  };
  std::vector<Row> fresh;
  for (const Carried& each : now) {
    while (row < rows_.size() && rows_[row].load.mount < each.mount) end_row(rows_[row++]);
    listeners_ += each.listeners;
    kbps_ += each.listeners * each.kbps;
    if (each.pulled) ++relays_;
    if (row == rows_.size() || rows_[row].load.mount != each.mount) {
      fresh.push_back({{.mount = std::string(each.mount),
                        .listeners = each.listeners,
                        .carries = each.carries,
                        .enforces = each.enforces,
                        .cannot = each.cannot,
                        .free = each.free,
                        .below = reported_below(each),
                        .from = from_of(each)},
                       ++version_,
                       {},
                       masters_of(each)});
      urgent = urgent || each.carries || each.cannot != PullFault::kNone;
      continue;
    }
    Row& known = rows_[row++];
    MountLoad& load = known.load;
    if (load.carries == each.carries && load.listeners == each.listeners &&
        load.enforces == each.enforces && load.cannot == each.cannot && load.free == each.free &&
        load.below == reported_below(each) && same_way(load, each) &&
        known.of_masters == masters_of(each))
      continue;
    urgent = urgent || load.carries != each.carries || load.cannot != each.cannot ||
             (load.listeners == 0) != (each.listeners == 0) ||
             (load.free == 0) != (each.free == 0) ||
             (load.below == 0) != (reported_below(each) == 0) || !same_way(load, each);
    load.below = reported_below(each);
    if (!same_way(load, each)) load.from = from_of(each);
    known.of_masters = masters_of(each);
    load.cannot = each.cannot;
    load.free = each.free;
    load.carries = each.carries;
    load.listeners = each.listeners;
    load.enforces = each.enforces;
    known.version = ++version_;
    known.ended = when;
  }
  while (row < rows_.size()) end_row(rows_[row++]);
  if (moved)
    std::erase_if(rows_, [&](const Row& each) {
      return !each.load.says_anything() && when - each.ended > kRemembered;
    });
  if (!fresh.empty()) {
    const auto by_mount = [](const Row& a, const Row& b) { return a.load.mount < b.load.mount; };
    const auto middle = static_cast<std::ptrdiff_t>(rows_.size());
    rows_.insert(rows_.end(), std::make_move_iterator(fresh.begin()),
                 std::make_move_iterator(fresh.end()));
    std::inplace_merge(rows_.begin(), rows_.begin() + middle, rows_.end(), by_mount);
  }
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
  std::vector<const Row*> changed;
  for (const Row& row : rows_)
    if (row.version > version) changed.push_back(&row);
  std::sort(changed.begin(), changed.end(),
            [](const Row* a, const Row* b) { return a->version < b->version; });
  Changes out;
  out.up_to = version_;
  out.loads.reserve(changed.size());
  for (const Row* row : changed) out.loads.push_back(load_for(*row, master));
  if (const std::size_t fit = loads_that_fit(out.loads); fit < changed.size()) {
    out.up_to = changed[fit - 1]->version;
    out.loads.resize(fit);
  }
  return out;
}

std::vector<MountLoad> LoadChanges::all(std::string_view master) const {
  std::vector<MountLoad> out;
  for (const Row& row : rows_)
    if (row.load.says_anything()) out.push_back(load_for(row, master));
  return out;
}

}  // namespace lb
