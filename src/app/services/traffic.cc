#include "app/services/traffic.h"

#include <algorithm>

namespace lb {

std::uint64_t Traffic::audience() const {
  std::int64_t audience = counters.listeners.inside();
  const auto all = mounts.all();
  for (const auto& [name, mount] : *all) audience -= mount->relays();
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, audience));
}

}  // namespace lb
