// PulsePacer: how long a worker waits between two passes over its listeners.
//
// The price of a delivery is per call, not per byte; so a worker measures what a pass costs and
// waits in proportion: passes cost about 0.5 % of the loop, up to a cap.  A few listeners hear
// within milliseconds, thousands are served in batches, and there is nothing to tune
// (doc/decisions.md A9: a minimum spacing, per worker over all its mounts; the first bytes after
// idle go at once).
// Thread: one worker.  Pure: time comes in.
#pragma once

#include <algorithm>
#include <chrono>

#include "base/clock.h"

namespace lb {

class PulsePacer {
 public:
  static constexpr std::chrono::milliseconds kShortest{5};
  static constexpr int kShare = 200;  // a pass may cost 1/200 of the loop

  // A pass that began at `began` and worked for `cost` (processor time, not waiting for one) is
  // over; `cap`: the smallest <max-pulse> of the mounts in it.  The pause at most doubles from pass
  // to pass, so that one crowd of joiners does not delay all listeners for the whole cap.
  void passed(SteadyTime began, std::chrono::nanoseconds cost,
              std::chrono::milliseconds cap) noexcept {
    const std::chrono::nanoseconds least = std::min<std::chrono::nanoseconds>(kShortest, cap);
    const std::chrono::nanoseconds most =
        std::min<std::chrono::nanoseconds>(cap, pause_ * 2 + kShortest);
    pause_ = std::clamp<std::chrono::nanoseconds>(cost * kShare, least, most);
    next_ = began + std::chrono::duration_cast<SteadyTime::duration>(pause_);
  }
  // How long until the next pass may begin; zero or less: now.
  std::chrono::nanoseconds wait(SteadyTime now) const noexcept { return next_ - now; }

 private:
  SteadyTime next_{};
  std::chrono::nanoseconds pause_{0};
};

}  // namespace lb
