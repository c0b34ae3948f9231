// coalesced(): the pause until the next multiple of a period on a loop's clock, so that everything
// that looks now and then wakes an idle loop at the same moments: four times a second at most where
// the periods are multiples of 250 ms, however many there are.
//
// Thread: that of the loop.
// Source: the idea of hrtimer slack and of g_timeout_add_seconds().
#pragma once

#include <chrono>

#include "net/loop/loop.h"

namespace lb {

// From an eighth of `every` to nine eighths.
inline std::chrono::microseconds coalesced(const Loop& loop, std::chrono::microseconds every) {
  const auto now = std::chrono::floor<std::chrono::microseconds>(loop.now().time_since_epoch());
  const auto left = every - now % every;
  return left < every / 8 ? left + every : left;
}

}  // namespace lb
