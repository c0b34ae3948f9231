// NewNames: limits the mounts without a section that are recorded for the first time.
//
// Otherwise a login that may use any name could leave a directory and two files for each invented
// name, thousands a second.
// Thread: any, one at a time.
#pragma once

#include <algorithm>
#include <chrono>

#include "base/clock.h"

namespace lb {

class NewNames {
 public:
  // For encoders; if <sources> is higher, that counts, so that all sources find a place.
  static constexpr unsigned kOfSources = 100;
  // For relays; a master lists as many.
  static constexpr unsigned kOfRelays = 10'000;

  // Returns false if `most` names have come within the hour.
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
