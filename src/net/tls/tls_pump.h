// TlsPump: carries bytes between TLS connections and the process that serves them, through a pair
// of sockets for each connection.
//
// The end of either side is passed on after all its bytes: a client's as end of input, the server's
// as close_notify and the end of the connection.  end_oldest() ends connections as both would: the
// client gets what the server has sent, then close_notify.  A handshake under way is completed
// first, within the time for a request.
//
// Thread: its loop's.
// Ownership: it owns the connections and its ends of the pairs.
// Bounds: it holds at most one record each way.
// Errors: end the connection.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "base/unique_fd.h"
#include "base/unique_function.h"
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
  // Connections that end_oldest() has not reached.
  std::size_t staying() const noexcept;
  void end_oldest(std::size_t count);
  // Stops the loop after the end of the last connection.  on_end: called at the end of each.
  void stop_at_the_end(UniqueFunction<void()> on_end = {});

 private:
  class One;
  void ended(One& one);

  Loop& loop_;
  std::vector<std::unique_ptr<One>> open_, closed_;
  bool stops_ = false;
  UniqueFunction<void()> on_end_;
};

}  // namespace lb
