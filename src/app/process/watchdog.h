// Watchdog: reports to the service manager that the server is alive, as long as all loops run.
//
// Control pings every worker; only when all have answered it notifies the manager, and pings again
// half of the limit later.  A worker that hangs, or control itself, makes the manager restart the
// server.  The clerk is not pinged: it may be slow, and no stream depends on it.
// Thread: control.
// Ownership: Server; the loops outlive it.
#pragma once

#include <chrono>

#include "app/process/notify.h"
#include "net/loop/loop.h"
#include "net/loop/loop_pool.h"

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
