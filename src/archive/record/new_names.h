// NewNames: how many mounts that no section names may be recorded for the first time.
//
// A login that may use any name would else leave a directory and two files for each name that it
// makes up, thousands a second.
// Thread: any, one at a time.
#pragma once

#include <algorithm>
#include <chrono>

#include "base/clock.h"

namespace lb {

class NewNames {
 public:
  // Of encoders; `<sources>` where that is more, so that all that there may be find a place.
  static constexpr unsigned kOfSources = 100;
  // Of relays: a master lists as many.
  static constexpr unsigned kOfRelays = 10'000;

  // False: `most` have come within the hour.
  bool take(SteadyTime now, unsigned most) {
    const std::chrono::duration<double, std::ratio<3600>> hours = now - since_;
    taken_ = std::max(0.0, taken_ - hours.count() * most);
    since_ = now;
    if (taken_ + 1 > most) return false;
    taken_ += 1;
    return true;
  }

 private:
  double taken_ = 0;
  SteadyTime since_{};
};

}  // namespace lb
