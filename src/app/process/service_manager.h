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
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "app/process/notify.h"
#include "base/unique_fd.h"
#include "net/loop/loop.h"
#include "net/loop/loop_pool.h"
#include "net/socket/acceptor.h"

namespace lb {

// SocketStore: the listen sockets that the service manager keeps of us, so that behind a crash, or
// in a restart, clients wait in the queue of the kernel and none is refused.
// Source: FileDescriptorStoreMax= of systemd.service(5).  What the store has is what we accept from:
// a socket of a port with several (SO_REUSEPORT) gets its share of connections as long as it is
// open anywhere, and in the store alone they would wait for ever.
// Ownership: Server.  The manager has descriptors of its own of what it keeps.
// Bounds: as many as the manager takes.  Where there are more, each port has fewer of its sockets kept;
// what waits at the others is lost in a crash, what comes behind it is not.
// Errors: none: what is not kept is bound again.

// Of a <listen-socket>, as the store knows it.
std::string store_name(int port, std::string_view bind_address);
// A name made by store_name(), not by a .socket unit.
bool is_name_of_store(std::string_view name);

class SocketStore {
 public:
  // places: 0: there is no store.  names: what is in it from a process before.
  SocketStore(Notifier& notifier, std::size_t places, std::vector<std::string> names);
  std::size_t places() const noexcept { return places_; }
  // A process before has put that into it.
  void has(std::string name);
  // These, and no others.  Those of a .socket unit are the manager's already.
  void keep(const std::vector<std::shared_ptr<const ListenSocket>>& sockets);

 private:
  using Fds = std::shared_ptr<const std::vector<UniqueFd>>;

  Notifier& notifier_;
  const std::size_t places_;
  std::map<std::string, Fds> kept_;  // null: of a process before
};

struct ServiceManager {
  std::string notify_socket;              // "": none
  UniqueFd notify;                        // of the process before: connected to it
  std::chrono::microseconds watchdog{0};  // 0: none; else so long may WATCHDOG=1 be away
  std::vector<UniqueFd> sockets;          // closed in programs that we start
  std::size_t store = 0;                  // so many descriptors it keeps of us; 0: none
  std::vector<UniqueFd> kept;             // what it has kept of a process before (SocketStore)
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
