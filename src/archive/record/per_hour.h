// PerHour: limits how many things of one kind may begin within an hour: a number at once, and more
// as time passes.  It bounds the files that sources and masters leave on the disk.
// Thread: any, one at a time.
#pragma once

#include <algorithm>
#include <chrono>

#include "base/clock.h"

namespace lb {

class PerHour {
 public:
  // Returns false if `most` have begun within the hour.
  bool take(SteadyTime now, unsigned most) {
    const std::chrono::duration<double, std::ratio<3600>> hours = now - since_;
    taken_ = std::max(0.0, taken_ - hours.count() * most);
    since_ = now;
    if (taken_ + 1 > most) return false;
    taken_ += 1;
    return true;
  }
  // Whether the hour is over, so that nothing counts any more.
  bool is_over(SteadyTime now) const { return now - since_ > std::chrono::hours(1); }

 private:
  double taken_ = 0;
  SteadyTime since_{};
};

}  // namespace lb
