#include "archive/holders.h"

#include <algorithm>

namespace lb {

const std::vector<HolderRow>& HolderView::of(std::string_view mount) const {
  static const std::vector<HolderRow> kNone;
  const auto found = mounts_.find(mount);
  return found == mounts_.end() ? kNone : found->second;
}

bool HolderView::nearest(std::string_view mount, std::int64_t& wall_ms) const {
  bool found = false;
  std::int64_t best = 0;
  for (const HolderRow& row : of(mount))
    for (const HeldRange& range : row.ranges) {
      if (!range.ends_after(wall_ms)) continue;
      const std::int64_t begin = std::max(range.from_ms, wall_ms);
      if (!found || begin < best) best = begin;
      found = true;
    }
  if (found) wall_ms = best;
  return found;
}

void Holders::take(const std::string& teller, HolderRow row) {
  if (row.node == own_id_ || row.mount.empty()) return;
  if (row.ranges.size() > kMaxRanges)
    row.ranges.erase(row.ranges.begin(), row.ranges.end() - kMaxRanges);
  Teller& from = tellers_[teller];
  const Key key{row.mount, row.node};
  from.stale.erase(key);
  const auto known = from.rows.find(key);
  if (row.ranges.empty()) {
    if (known == from.rows.end()) return;
    from.rows.erase(known);
  } else if (known != from.rows.end()) {
    if (known->second == row) return;
    known->second = std::move(row);
  } else {
    if (from.rows.size() >= kMaxRows) return;
    from.rows.emplace(key, std::move(row));
  }
  ++version_;
}

void Holders::joined(const std::string& teller, SteadyTime now) {
  const auto known = tellers_.find(teller);
  if (known == tellers_.end()) return;
  Teller& from = known->second;
  from.lost = false;
  from.until = now + kKept;
  for (const auto& [key, row] : from.rows) from.stale.insert(key);
}

void Holders::left(const std::string& teller, SteadyTime now) {
  const auto known = tellers_.find(teller);
  if (known == tellers_.end() || known->second.lost) return;
  known->second.lost = true;
  known->second.until = now + kKept;
}

void Holders::forget(SteadyTime now) {
  bool changed = std::erase_if(tellers_, [now](const auto& each) {
                   return each.second.lost && now >= each.second.until;
                 }) > 0;
  for (auto& [teller, from] : tellers_) {
    if (from.lost || from.stale.empty() || now < from.until) continue;
    for (const Key& key : from.stale) from.rows.erase(key);
    from.stale.clear();
    changed = true;
  }
  if (changed) ++version_;
}

std::shared_ptr<const HolderView> Holders::view(
    const std::function<bool(const HolderRow&)>& usable) const {
  auto made = std::make_shared<HolderView>();
  // First hand, then repeated; of a teller that is there before one that is lost.
  struct Found {
    const HolderRow* row;
    int rank;
  };
  std::map<Key, Found> best;
  for (const auto& [teller, from] : tellers_)
    for (const auto& [key, row] : from.rows) {
      if (usable && !usable(row)) continue;
      const int rank = (from.lost ? 2 : 0) + (key.second == teller ? 0 : 1);
      const auto at = best.try_emplace(key, Found{&row, rank}).first;
      if (rank < at->second.rank) at->second = {&row, rank};
    }
  for (const auto& [key, found] : best) made->mounts_[key.first].push_back(*found.row);
  return made;
}

std::vector<HolderRow> Holders::first_hand(std::string_view but) const {
  std::vector<HolderRow> out;
  for (const auto& [teller, from] : tellers_) {
    if (teller == but) continue;
    for (const auto& [key, row] : from.rows)
      if (key.second == teller) out.push_back(row);
  }
  return out;
}

}  // namespace lb
