// TlsPump: carries bytes between TLS connections and the process that serves them, which has the
// other end of a pair of sockets for each.
//
// The end of either side is passed on behind all bytes that were sent before it: a client's as the
// end of what it sends, the server's as close_notify and the end of the connection.  A handshake
// that is under way comes first; it has the time that the server gives a connection for its
// request.
//
// Thread: the one that runs its loop.
// Ownership: it owns the connections and its ends of the pairs.
// Bounds: a record each way is held of a connection.
// Errors: end the connection.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "base/unique_fd.h"
#include "net/loop/loop.h"
#include "net/tls/tls_transport.h"

namespace lb {

class TlsPump {
 public:
  explicit TlsPump(Loop& loop);
  ~TlsPump();
  TlsPump(const TlsPump&) = delete;
  TlsPump& operator=(const TlsPump&) = delete;

  // REQUIRES: client->can_be_pumped() or is_shaking(), and server does not block
  void add(std::unique_ptr<TlsTransport> client, UniqueFd server);
  std::size_t size() const noexcept { return open_.size(); }
  // Stops the loop when the last one has ended.
  void stop_at_the_end();

 private:
  class One;
  void ended(One& one);

  Loop& loop_;
  std::vector<std::unique_ptr<One>> open_, closed_;
  bool stops_ = false;
};

}  // namespace lb
