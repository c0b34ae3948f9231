#include "archive/files/holders.h"

#include <algorithm>
#include <utility>

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

void HolderView::add(HolderRow row) {
  auto& rows = mounts_[row.mount];
  rows.push_back(std::move(row));
}

}  // namespace lb
