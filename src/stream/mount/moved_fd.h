// MovedFd: the index of a descriptor among those that go with a record to another process.  FdsOut,
// FdsIn: those descriptors on both sides.
//
// A connection without TLS is passed itself.  One with TLS stays and is pumped (TlsPump); one end
// of a socket pair is passed in its place.
//
// Thread: one owner.
// Ownership: FdsOut refers to descriptors of other owners, and owns the pairs; FdsIn owns
// descriptors until each is taken, once.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/unique_fd.h"
#include "net/socket/transport.h"
#include "net/tls/tls_transport.h"

namespace lb {

using MovedFd = std::uint64_t;

struct PumpedConnection {
  TlsTransport* client = nullptr;
  UniqueFd server;  // our end
};

class FdsOut {
 public:
  MovedFd add(int fd) {
    fds_.push_back(fd);
    return fds_.size() - 1;
  }
  // REQUIRES: can_move(transport)
  MovedFd add(Transport& transport);
  const std::vector<int>& all() const noexcept { return fds_; }
  // Why one could not be added; "": all were.
  const std::string& problem() const noexcept { return problem_; }
  std::vector<PumpedConnection> take_pumped() noexcept { return std::move(pumped_); }

 private:
  std::vector<int> fds_;
  std::vector<PumpedConnection> pumped_;
  std::vector<UniqueFd> theirs_;
  std::string problem_;
};

bool can_move(const Transport& transport);

class FdsIn {
 public:
  FdsIn() = default;
  explicit FdsIn(std::vector<UniqueFd> fds) : fds_(std::move(fds)) {}
  // Adds the descriptors of the next part.
  void more(std::vector<UniqueFd> fds) {
    for (UniqueFd& fd : fds) fds_.push_back(std::move(fd));
  }
  // Invalid: no such descriptor, or taken already.
  UniqueFd take(MovedFd at) noexcept {
    return at < fds_.size() ? std::move(fds_[static_cast<std::size_t>(at)]) : UniqueFd();
  }
  // Also invalid if it is no socket of a connection or listener.
  UniqueFd take_socket(MovedFd at) noexcept;

 private:
  std::vector<UniqueFd> fds_;
};

}  // namespace lb
