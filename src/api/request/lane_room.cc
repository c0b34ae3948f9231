#include "api/request/lane_room.h"

#include "api/request/request.h"

namespace lb {

std::string lane_of(const ApiCaller& who) {
  if (who.role == Role::kAdmin) return {};
  if (!who.account.empty()) return who.account;
  // No account has a NUL in its name.
  std::string lane = who.name;
  for (const std::string& mount : who.mounts) lane.append(1, '\0').append(mount);
  return lane.append(1, '\0');
}

bool LaneRoom::enter(const std::string& lane) {
  if (inside_ >= limits_.inside) return false;
  if (!lane.empty()) {
    if (customers_ >= limits_.of_customers || inside(lane) >= limits_.of_lane) return false;
    ++customers_;
    ++lanes_[lane];
  }
  ++inside_;
  return true;
}

void LaneRoom::leave(std::string_view lane) {
  --inside_;
  if (lane.empty()) return;
  --customers_;
  const auto at = lanes_.find(lane);
  if (--at->second == 0) lanes_.erase(at);
}

std::size_t LaneRoom::inside(std::string_view lane) const {
  const auto at = lanes_.find(lane);
  return at == lanes_.end() ? 0 : at->second;
}

}  // namespace lb
