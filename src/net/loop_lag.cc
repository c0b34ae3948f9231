#include "net/loop_lag.h"

#include <algorithm>

namespace lb {

LoopLag::LoopLag(LoopPool& loops) : loops_(loops) {
  for (unsigned i = 0; i < loops.workers(); ++i) lanes_.push_back(std::make_shared<Lane>());
}

void LoopLag::probe() {
  const SteadyTime now = loops_.control().now();
  for (unsigned i = 0; i < loops_.workers(); ++i) {
    const auto& lane = lanes_[i];
    if (lane->waiting) continue;
    lane->sent = now;
    lane->waiting = true;
    loops_.worker(i).post([&control = loops_.control(), lane] {
      control.post([&control, lane] {
        lane->waiting = false;
        lane->took =
            std::chrono::duration_cast<std::chrono::milliseconds>(control.now() - lane->sent);
      });
    });
  }
}

unsigned LoopLag::longest_ms() const noexcept {
  const SteadyTime now = loops_.control().now();
  std::chrono::milliseconds longest{0};
  for (const auto& lane : lanes_) {
    longest = std::max(longest, lane->took);
    if (lane->waiting)
      longest = std::max(longest,
                         std::chrono::duration_cast<std::chrono::milliseconds>(now - lane->sent));
  }
  return static_cast<unsigned>(longest.count());
}

}  // namespace lb
