// InheritedSockets: listening sockets that a service manager has opened and given to us (socket
// activation, sd_listen_fds(3)), so that a restart refuses no client and ports below 1024 need no
// privilege.
//
// A <listen-socket> takes over those with its address and port; one without bind-address takes a
// socket on all addresses, of IPv4 or of both families.  The manager's sockets are one or few, so
// workers share a queue where there are fewer sockets than workers (write ListenStream= several
// times with ReusePort=yes for one each).
//
// One that is taken over is ours for good: a reload cannot close it, because the manager's
// descriptor would keep the port, and clients would wait there unanswered.
//
// Thread: control.
// Ownership: every ListenSocket gets descriptors of its own.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "net/address/address.h"
#include "net/socket/acceptor.h"

namespace lb {

class InheritedSockets {
 public:
  InheritedSockets() = default;
  // Takes what is a listening TCP socket; `strange` gets a word about everything else.
  InheritedSockets(std::vector<UniqueFd> fds, std::vector<std::string>& strange);

  // Null where no socket fits.  It listens from now on, whatever TLS needs: it has already.
  Result<std::shared_ptr<ListenSocket>> adopt(const ListenSettings& settings, int port,
                                              bool shoutcast, unsigned workers);
  bool empty() const noexcept { return sockets_.empty(); }
  // Those that nothing has asked for yet: "0.0.0.0:8000".
  std::vector<std::string> unused() const;

 private:
  struct Socket {
    UniqueFd fd;
    Address address;
    bool used = false;
  };
  std::vector<Socket> sockets_;
};

}  // namespace lb
