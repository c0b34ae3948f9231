#include "app/topology/mount_load.h"

#include <algorithm>

#include "cluster/nodes/carriers.h"

namespace lb {
namespace {

constexpr double kBytesPerSecondOfKbps = 125;

}  // namespace

bool is_carried(const Mount& mount) noexcept {
  const MountPhase phase = mount.phase();
  return phase == MountPhase::kRunning || phase == MountPhase::kLingering || mount.direct() > 0;
}

unsigned audience_at(const Mount& mount) noexcept {
  return static_cast<unsigned>(mount.audience());
}

std::int64_t most_listeners(const Mount& mount) noexcept {
  const auto settings = mount.settings();
  std::int64_t most = settings->max_listeners;
  if (settings->max_bandwidth > 0) {
    const auto each =
        std::max<std::uint64_t>(1, static_cast<std::uint64_t>(1000 * listener_kbps(mount)));
    const auto fit = static_cast<std::int64_t>(settings->max_bandwidth / each);
    most = most < 0 ? fit : std::min(most, fit);
  }
  return most;
}

std::uint32_t free_places(const Mount& mount) noexcept {
  const std::int64_t most = most_listeners(mount);
  if (most < 0) return MountLoad::kUnlimited;
  return static_cast<std::uint32_t>(std::max<std::int64_t>(0, most - mount.listeners()));
}

double known_kbps(const Mount& mount) noexcept {
  const auto bytes = mount.usual_bytes_per_second();
  return static_cast<double>(bytes) / kBytesPerSecondOfKbps;
}

double listener_kbps(const Mount& mount) noexcept {
  const double known = known_kbps(mount);
  return known > 0 ? known : kNominalListenerKbps;
}

}  // namespace lb
