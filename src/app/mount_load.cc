#include "app/mount_load.h"

#include <algorithm>

#include "cluster/node.h"

namespace lb {
namespace {

constexpr double kBytesPerSecondOfKbps = 125;

}  // namespace

bool is_carried(const Mount& mount) noexcept {
  const MountPhase phase = mount.phase();
  return phase == MountPhase::kRunning || phase == MountPhase::kLingering || mount.direct() > 0;
}

unsigned people_of(const Mount& mount) noexcept {
  return static_cast<unsigned>(std::max<std::int64_t>(0, mount.listeners() - mount.relays()));
}

double known_kbps(const Mount& mount) noexcept {
  const auto bytes = mount.usual_bytes_per_second.load(std::memory_order_relaxed);
  return static_cast<double>(bytes) / kBytesPerSecondOfKbps;
}

double listener_kbps(const Mount& mount) noexcept {
  const double known = known_kbps(mount);
  return known > 0 ? known : kNominalListenerKbps;
}

}  // namespace lb
