#include "cluster/polling/rhythm.h"

#include <algorithm>
#include <cstdint>

namespace lb {

void Rhythm::heard(SteadyTime now, bool was_out) {
  if (was_out || !last_) {
    count_ = 0;
    last_ = now;
    return;
  }
  const auto gap = std::chrono::duration_cast<std::chrono::milliseconds>(now - *last_);
  if (gap < kLeast) return;
  gaps_[count_++ % gaps_.size()] = std::min(gap, kMax);
  last_ = now;
}

std::chrono::milliseconds Rhythm::every() const noexcept {
  if (!known()) return kDefault;
  const std::size_t count = std::min(count_, gaps_.size());
  std::chrono::milliseconds sum{0};
  for (std::size_t i = 0; i < count; ++i) sum += gaps_[i];
  return sum / static_cast<std::int64_t>(count);
}

std::chrono::milliseconds Rhythm::out_after(
    std::optional<std::chrono::milliseconds> told) const noexcept {
  const std::chrono::milliseconds silent = known() ? every() * kSilentGaps : kLeast;
  if (told) return std::max<std::chrono::milliseconds>(silent, *told + kGrace);
  return known() ? silent : std::chrono::milliseconds(kDefault + kGrace);
}

}  // namespace lb
