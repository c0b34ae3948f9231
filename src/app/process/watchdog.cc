#include "app/process/watchdog.h"

#include <vector>

namespace lb {

Watchdog::Watchdog(LoopPool& loops, Notifier& notifier, std::chrono::microseconds limit)
    : loops_(loops),
      notifier_(notifier),
      pause_(limit / 2),
      timer_(loops.control(), [this] { ask(); }) {}

void Watchdog::start() {
  if (pause_.count() > 0 && notifier_.has_listener()) ask();
}

void Watchdog::ask() {
  loops_.gather<int>([](unsigned) { return 0; },
                     [this](const std::vector<int>&) {
                       notifier_.alive();
                       timer_.after(pause_);
                     });
}

}  // namespace lb
