// ListenSocket: one bound address, as one SO_REUSEPORT socket a worker.
// Acceptor: takes connections from one of those sockets, on one worker.  If the kernel has no
// descriptor or memory for a connection, it pauses for 100 ms instead of retrying at once, and logs
// when the pauses begin and end.
// Source: accept(2), for the errors of accept4.
//
// Thread: a ListenSocket is made on control, the first ones before privileges drop, and never
// changes; an Acceptor lives on its worker.
// Ownership: a ListenSocket is shared; app/services/worker owns its Acceptors.
#pragma once

#include <sys/socket.h>

#include <memory>
#include <vector>

#include "base/log.h"
#include "base/rate_limit.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "net/loop/loop.h"
#include "net/socket/settings.h"
#include "net/socket/transport.h"

namespace lb {

struct ListenSocket {
  ListenSettings settings;
  bool shoutcast = false;  // speaks the Shoutcast v1 login
  int port = 0;            // as bound
  bool inherited = false;  // from the service manager (net/socket/inherited_sockets.h)
  std::shared_ptr<const std::vector<UniqueFd>> fds;  // one a worker

  // Error: the address and why it cannot be bound. closed: bound only, so clients are refused until
  // listen(). shared: the same user has the port open at another address.
  static Result<std::shared_ptr<ListenSocket>> open(const ListenSettings& settings, int port,
                                                    bool shoutcast, unsigned workers,
                                                    bool closed = false, bool shared = false);
  Result<void> listen() const;
  bool is_listening() const noexcept;
  // A socket that another process has opened; fds: one a worker.
  static std::shared_ptr<ListenSocket> of(const ListenSettings& settings, int port, bool shoutcast,
                                          std::vector<UniqueFd> fds);
  // A copy with new settings, which apply to later connections; the sockets are shared.
  std::shared_ptr<const ListenSocket> with(const ListenSettings& settings) const;
};

class ConnectionSink {
 public:
  virtual ~ConnectionSink() = default;
  virtual void accepted(std::unique_ptr<Transport> transport,
                        const std::shared_ptr<const ListenSocket>& socket) = 0;
  // No descriptor is left: ends the least important connection.  False: none to end.
  virtual bool make_room() = 0;
};

class Acceptor {
 public:
  // accept4(2), or a test's replacement.
  using Accept = int (*)(int fd, sockaddr* address, socklen_t* size, int flags);

  Acceptor(Loop& loop, std::shared_ptr<const ListenSocket> socket, ConnectionSink& sink, Log& log,
           Accept accept = &::accept4);
  const ListenSocket& socket() const noexcept { return *socket_; }
  // Accepts the waiting connections; then the port is closed for this worker.
  void close();

 private:
  void on_ready(short events);
  bool accept_some();  // true: there may be more
  void failed(int error);
  bool refuse_one();  // with 503; false: there was no connection to refuse
  void works_again();

  int fd() const noexcept { return (*socket_->fds)[loop_.id()].get(); }

  Loop& loop_;
  std::shared_ptr<const ListenSocket> socket_;
  ConnectionSink& sink_;
  Log& log_;
  const Accept accept_;
  Watch watch_;
  Timer pause_;
  int accepts_ = 1, wakes_ = 0;  // connections accepted at a wake-up; wake-ups with that many
  UniqueFd spare_;  // released for a moment, so that a full process can still answer 503
  RepeatGuard guard_;
  bool logged_ = false;    // the failure to accept is logged
  unsigned failures_ = 0;  // since then
  SteadyTime failing_since_{};
};

}  // namespace lb
