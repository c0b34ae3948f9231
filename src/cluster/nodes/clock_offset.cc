#include "cluster/nodes/clock_offset.h"

#include <algorithm>
#include <cstdlib>

#include "base/cat.h"

namespace lb {
namespace {

// A larger distance from the median than network delay can cause on a living link.
constexpr std::int64_t kAnotherClock = 1000;

std::string seconds(std::int64_t ms) {
  const std::int64_t tenths = (std::abs(ms) + 50) / 100;
  return cat({tenths / 10, ".", tenths % 10, " s"});
}

}  // namespace

void ClockOffset::measured(std::int64_t theirs_ms, std::int64_t ours_ms) {
  if (!known()) outlier_.reset();
  const std::int64_t fresh = theirs_ms - ours_ms;
  if (known() && std::abs(fresh - offset_.count()) > kAnotherClock) {
    if (outlier_ && std::abs(fresh - *outlier_) <= kAnotherClock) {
      rows_[0] = *outlier_;
      count_ = 1;
      outlier_.reset();
    } else {
      outlier_ = fresh;
    }
  } else {
    outlier_.reset();
  }
  rows_[count_++ % rows_.size()] = fresh;
  auto known_rows = rows_;
  const std::size_t count = std::min(count_, known_rows.size());
  const auto middle = known_rows.begin() + static_cast<std::ptrdiff_t>((count - 1) / 2);
  std::nth_element(known_rows.begin(), middle,
                   known_rows.begin() + static_cast<std::ptrdiff_t>(count));
  offset_ = std::chrono::milliseconds(*middle);
}

std::optional<std::string> ClockOffset::news() {
  const bool now = std::chrono::abs(offset_) > kWorthSaying;
  const bool before = reported_.count() != 0;
  if (!now && !before) return std::nullopt;
  if (now && before && std::chrono::abs(offset_ - reported_) <= kWorthSaying) return std::nullopt;
  // Hysteresis, so that an offset near the bound is not logged again and again.
  if (!now && std::chrono::abs(offset_) > kWorthSaying - std::chrono::seconds(1))
    return std::nullopt;
  reported_ = now ? offset_ : std::chrono::milliseconds(0);
  if (!now) return "agrees with ours again, to " + seconds(offset_.count());
  return cat(
      {"is ", seconds(offset_.count()), offset_.count() > 0 ? " ahead of" : " behind", " ours"});
}

std::int64_t wall_ms_of(const Clock& clock) { return unix_ms(clock.wall()); }

}  // namespace lb
