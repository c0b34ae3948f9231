// The settings that a service manager gives a service by its environment: where it is to report,
// how often, and which sockets it has opened for it.
//
// Source: sd_notify(3), sd_watchdog_enabled(3), sd_listen_fds(3), FDSTORE of systemd.exec(5) (before
// systemd 254 the unit has to set it); the protocol is stable and small, so there is no library for
// it here.
// Thread: main, before any other; it changes the environment.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "app/process/notify.h"
#include "base/unique_fd.h"
#include "net/loop/loop.h"
#include "net/loop/loop_pool.h"

namespace lb {

struct ServiceManager {
  std::string notify_socket;              // "": none
  UniqueFd notify;                        // of the process before: connected to it
  std::chrono::microseconds watchdog{0};  // 0: none; else so long may WATCHDOG=1 be away
  std::vector<UniqueFd> sockets;          // closed in programs that we start
  std::size_t store = 0;                  // so many descriptors it keeps of us; 0: none
  std::vector<UniqueFd> kept;             // what it has kept of a process before (socket_store.h)
  std::vector<std::string> kept_names;    // of its store, each once

  // What is meant for another process (its number does not match) is left out.  The variables are
  // removed, so that programs that we start do not take them for theirs.
  static ServiceManager take_from_environment();
};

// Watchdog: reports to the service manager that the server is alive, as long as all loops run.
//
// Control pings every worker; only when all have answered it notifies the manager, and pings again
// half of the limit later.  A worker that hangs, or control itself, makes the manager restart the
// server.  The clerk is not pinged: it may be slow, and no stream depends on it.
// Thread: control.
// Ownership: Server; the loops outlive it.
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
