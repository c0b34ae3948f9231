// The settings that a service manager passes in the environment: where and how often to report, and
// which sockets it has opened.
//
// Source: sd_notify(3), sd_watchdog_enabled(3), sd_listen_fds(3), FDSTORE of systemd.exec(5)
// (before systemd 254 the unit has to set it).  The protocol is stable and small, so no library is
// used.
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

// SocketStore: the listen sockets that the service manager keeps for us: after a crash or during a
// restart, clients wait in the kernel's queue and none is refused.
// Source: FileDescriptorStoreMax= of systemd.service(5).  Only sockets that we accept from are
// stored: each socket of a port (SO_REUSEPORT) gets its share of connections while it is open
// anywhere, and in the store alone they would wait for ever.
// Ownership: Server.  The manager has its own descriptors.
// Bounds: the manager's limit.  Beyond it fewer sockets of each port are kept; a crash loses
// connections waiting at the others.
// Errors: ignored; a port that is not kept is bound again.

// The name of a <listen-socket> in the store.
std::string store_name(int port, std::string_view bind_address);
// Whether store_name() made the name, and not a .socket unit.
bool is_name_of_store(std::string_view name);

class SocketStore {
 public:
  // places: 0: no store.  names: in the store from a previous process.
  SocketStore(Notifier& notifier, std::size_t places, std::vector<std::string> names);
  std::size_t places() const noexcept { return places_; }
  // Notes that a previous process has stored this name.
  void has(std::string name);
  // Stores exactly these sockets.  The manager already has the sockets of a .socket unit.
  void keep(const std::vector<std::shared_ptr<const ListenSocket>>& sockets);

 private:
  using Fds = std::shared_ptr<const std::vector<UniqueFd>>;

  Notifier& notifier_;
  const std::size_t places_;
  std::map<std::string, Fds> kept_;  // null: of a previous process
};

struct ServiceManager {
  std::string notify_socket;              // "": no manager
  UniqueFd notify;                        // of the former process: connected to it
  std::chrono::microseconds watchdog{0};  // limit between two WATCHDOG=1; 0: none
  std::vector<UniqueFd> sockets;          // closed in programs that we start
  std::size_t store = 0;                  // descriptors it keeps for us; 0: none
  std::vector<UniqueFd> kept;             // kept from a previous process (SocketStore)
  std::vector<std::string> kept_names;    // their names, each once

  // Ignores settings for another process (by its number).  Removes the variables, so that programs
  // that we start do not use them.
  static ServiceManager take_from_environment();
};

// Watchdog: reports to the service manager that the server is alive, as long as all loops run.
//
// Control pings every worker.  When all have answered it notifies the manager, and pings again
// after half of the limit.  If a worker or control hangs, the manager restarts the server.  The
// clerk is not pinged: it may be slow, and no stream depends on it.
// Thread: control.
// Ownership: Server; the loops outlive it.
class Watchdog {
 public:
  // limit: the manager's; 0: no watchdog.
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
