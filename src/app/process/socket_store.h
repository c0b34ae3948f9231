// SocketStore: the listen sockets that the service manager keeps of us, so that behind a crash, or
// in a restart, clients wait in the queue of the kernel and none is refused.
//
// Source: FileDescriptorStoreMax= of systemd.service(5).  What the store has is what we accept from:
// a socket of a port with several (SO_REUSEPORT) gets its share of connections as long as it is
// open anywhere, and in the store alone they would wait for ever.
//
// Thread: control.
// Ownership: Server.  The manager has descriptors of its own of what it keeps.
// Bounds: as many as the manager takes.  Where there are more, each port has fewer of its sockets kept;
// what waits at the others is lost in a crash, what comes behind it is not.
// Errors: none: what is not kept is bound again.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "app/process/notify.h"
#include "net/socket/acceptor.h"

namespace lb {

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

}  // namespace lb
