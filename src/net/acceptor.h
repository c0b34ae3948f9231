// ListenSocket: one bound address, as one SO_REUSEPORT socket a worker.
// Acceptor: takes connections from one of those sockets, on one worker.
//
// Thread: ListenSocket is made before the threads start (and before privileges drop); an Acceptor
// lives on its worker.  A reload never closes a socket: closing one of a REUSEPORT group drops
// its backlog.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "net/loop.h"
#include "net/settings.h"
#include "net/transport.h"

namespace lb {

struct ListenSocket {
  ListenSettings settings;
  bool shoutcast = false;      // speaks the Shoutcast v1 login
  int port = 0;                // as bound
  std::vector<UniqueFd> fds;   // one a worker

  // Error: what could not be bound and why.  closed: bound only, so that clients are refused until
  // listen() is called.
  static Result<std::shared_ptr<ListenSocket>> open(const ListenSettings& settings, int port, bool shoutcast,
                                                    unsigned workers, bool closed = false);
  Result<void> listen() const;
};

class ConnectionSink {
 public:
  virtual ~ConnectionSink() = default;
  virtual void accepted(std::unique_ptr<Transport> transport,
                        const std::shared_ptr<const ListenSocket>& socket) = 0;
  // No descriptor is left: end whom we can best do without.  False: nobody.
  virtual bool make_room() = 0;
};

class Acceptor {
 public:
  Acceptor(Loop& loop, std::shared_ptr<const ListenSocket> socket, ConnectionSink& sink, Log& log);

 private:
  void on_ready(short events);
  void out_of_descriptors();

  Loop& loop_;
  std::shared_ptr<const ListenSocket> socket_;
  ConnectionSink& sink_;
  Log& log_;
  Watch watch_;
  Timer pause_;
  UniqueFd spare_;        // given up for a moment, so that a full process can still say 503
  RepeatGuard guard_;
};

}  // namespace lb
