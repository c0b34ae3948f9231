#include "stream/source/off_air.h"

#include <algorithm>
#include <utility>

namespace lb {

std::string_view off_air_word(EndReason reason) noexcept {
  switch (reason) {
    case EndReason::kDone:
    case EndReason::kClientGone:
    case EndReason::kSpan:
      return "ended";
    case EndReason::kTimeout:
      return "timed-out";
    case EndReason::kKilled:
      return "kicked";
    case EndReason::kLimit:
      return "limit";
    case EndReason::kHours:
      return "hours";
    case EndReason::kMoved:
      return "moved";
    case EndReason::kReplaced:
    case EndReason::kRemoved:
    case EndReason::kShutdown:
      return "";
    case EndReason::kLagged:
    case EndReason::kSourceEnded:
    case EndReason::kAuth:
    case EndReason::kIo:
    case EndReason::kOverLimit:
      break;
  }
  return "error";
}

void OffAir::note(const std::string& mount, OffAirRow row) {
  const std::lock_guard lock(mutex_);
  put(mount, std::move(row));
}

void OffAir::note_relay(const std::string& mount, WallTime began, WallTime now) {
  const std::lock_guard lock(mutex_);
  if (const auto at = rows_.find(mount);
      at != rows_.end() && !at->second.node.empty() && at->second.since >= unix_seconds(began))
    return;
  put(mount, {unix_seconds(now), std::string(off_air::kRelayLost), {}});
}

std::optional<OffAirRow> OffAir::of(const std::string& mount) const {
  const std::lock_guard lock(mutex_);
  const auto at = rows_.find(mount);
  return at == rows_.end() ? std::nullopt : std::optional(at->second);
}

std::vector<OffAirRecord> OffAir::save() const {
  const std::lock_guard lock(mutex_);
  std::vector<OffAirRecord> all;
  all.reserve(rows_.size());
  for (const auto& [mount, row] : rows_) all.push_back({mount, row});
  return all;
}

void OffAir::put(const std::string& mount, OffAirRow row) {
  rows_.insert_or_assign(mount, std::move(row));
  if (rows_.size() <= kMaxMounts) return;
  rows_.erase(
      std::ranges::min_element(rows_, {}, [](const auto& one) { return one.second.since; }));
}

}  // namespace lb
