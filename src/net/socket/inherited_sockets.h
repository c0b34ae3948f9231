// InheritedSockets: listening sockets opened by a service manager (socket activation,
// sd_listen_fds(3)), so that a restart refuses no client and ports below 1024 need no privilege.
//
// A <listen-socket> takes those with its address and port; without bind-address it takes a socket
// on all addresses, of IPv4 or both families.  If there are fewer sockets than workers, workers
// share a queue (write ListenStream= several times with ReusePort=yes for one each).
//
// A taken socket stays: a reload cannot close it, because the manager's descriptor would keep the
// port, and clients would wait there without an answer.
//
// Thread: control.
// Ownership: every ListenSocket gets its own descriptors.
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
  // Takes listening TCP sockets; `strange` gets a message about every other descriptor.
  InheritedSockets(std::vector<UniqueFd> fds, std::vector<std::string>& strange);

  // Null: no socket fits.  It listens at once, even before TLS is ready: it already does.
  Result<std::shared_ptr<ListenSocket>> adopt(const ListenSettings& settings, int port,
                                              bool shoutcast, unsigned workers);
  bool empty() const noexcept { return sockets_.empty(); }
  // Sockets that no <listen-socket> has taken: "0.0.0.0:8000".
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
