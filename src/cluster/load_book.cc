#include "cluster/load_book.h"

#include <algorithm>
#include <utility>

#include "cluster/frame.h"

namespace lb {

bool LoadBook::update(const std::vector<Carried>& now, SteadyTime when) {
  bool urgent = false;
  bool moved = false;  // rows come or go
  listeners_ = relays_ = 0;
  kbps_ = 0;
  std::size_t row = 0;
  const auto end_row = [&](Row& ended) {
    if (ended.load.carries || ended.load.enforces != 0) {
      urgent = urgent || ended.load.carries;
      ended.load = {ended.load.mount, 0, false, 0};
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
      fresh.push_back(
          {{std::string(each.mount), each.listeners, each.carries, each.enforces}, ++version_, {}});
      urgent = urgent || each.carries;
      continue;
    }
    Row& known = rows_[row++];
    MountLoad& load = known.load;
    if (load.carries == each.carries && load.listeners == each.listeners &&
        load.enforces == each.enforces)
      continue;
    urgent =
        urgent || load.carries != each.carries || (load.listeners == 0) != (each.listeners == 0);
    load.carries = each.carries;
    load.listeners = each.listeners;
    load.enforces = each.enforces;
    known.version = ++version_;
    known.ended = when;
  }
  while (row < rows_.size()) end_row(rows_[row++]);
  if (moved)
    std::erase_if(rows_, [&](const Row& each) {
      return !each.load.carries && each.load.enforces == 0 && when - each.ended > kRemembered;
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

LoadBook::Changes LoadBook::since(std::uint64_t version) const {
  std::vector<const Row*> changed;
  for (const Row& row : rows_)
    if (row.version > version) changed.push_back(&row);
  std::sort(changed.begin(), changed.end(),
            [](const Row* a, const Row* b) { return a->version < b->version; });
  Changes out;
  out.up_to = version_;
  out.loads.reserve(changed.size());
  for (const Row* row : changed) out.loads.push_back(row->load);
  if (const std::size_t fit = loads_that_fit(out.loads); fit < changed.size()) {
    out.up_to = changed[fit - 1]->version;
    out.loads.resize(fit);
  }
  return out;
}

std::vector<MountLoad> LoadBook::all() const {
  std::vector<MountLoad> out;
  for (const Row& row : rows_)
    if (row.load.carries || row.load.enforces != 0) out.push_back(row.load);
  return out;
}

}  // namespace lb
