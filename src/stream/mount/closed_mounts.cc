#include "stream/mount/closed_mounts.h"

#include <algorithm>
#include <utility>

namespace lb {

void ClosedMounts::close(const std::string& mount, std::string user, SteadyTime now,
                         SteadyTime until) {
  std::erase_if(rows_, [now](const auto& row) { return row.second.until <= now; });
  rows_[mount] = {std::move(user), until};
  if (rows_.size() <= kMaxNames) return;
  rows_.erase(std::min_element(rows_.begin(), rows_.end(), [](const auto& a, const auto& b) {
    return a.second.until < b.second.until;
  }));
}

void ClosedMounts::open(std::string_view mount) {
  if (const auto at = rows_.find(mount); at != rows_.end()) rows_.erase(at);
}

ClosedRecord ClosedMounts::save() const {
  ClosedRecord saved;
  for (const auto& [mount, row] : rows_) saved.mounts.push_back({mount, row.user, row.until});
  return saved;
}

void ClosedMounts::restore(const ClosedRecord& saved, SteadyTime now) {
  for (const ClosedMountRecord& one : saved.mounts) close(one.mount, one.user, now, one.until);
}

const std::string* ClosedMounts::closed_by(std::string_view mount, SteadyTime now) const {
  const auto at = rows_.find(mount);
  return at == rows_.end() || at->second.until <= now ? nullptr : &at->second.user;
}

}  // namespace lb
