// SecondCount: how often something has happened in this second.
// Thread: its owner's.
#pragma once

#include <chrono>

#include "base/clock.h"

namespace lb {

struct SecondCount {
  bool allows(SteadyTime now, unsigned most) noexcept {
    if (now - since >= std::chrono::seconds(1)) {
      since = now;
      count = 0;
    }
    return ++count <= most;
  }
  SteadyTime since{};
  unsigned count = 0;
};

}  // namespace lb
