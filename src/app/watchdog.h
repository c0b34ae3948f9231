// Watchdog: tells the service manager that the server is alive, as long as it really is.
//
// Control asks every worker; only when all have answered it says so, and asks again half of the
// limit later.  A worker that hangs, or control itself, makes the manager restart the server.  The
// clerk is not asked: it may be slow, and nobody's stream depends on it. Thread: control.
// Ownership: Server; the loops outlive it.
#pragma once

#include <chrono>

#include "app/notify.h"
#include "net/loop.h"
#include "net/loop_pool.h"

namespace lb {

class Watchdog {
 public:
  // limit: how long the manager waits for a word; 0: it does not wait for any.
  Watchdog(LoopPool& loops, Notifier& notifier, std::chrono::microseconds limit);
  void start();

 private:
  void ask();

  LoopPool& loops_;
  Notifier& notifier_;
  const std::chrono::microseconds pause_;
  Timer timer_;
};

}  // namespace lb
