// MovedFd: the place of a descriptor among those that go with a record to another process.
// FdsOut, FdsIn: those descriptors, on both sides.
//
// A connection without TLS goes as it is.  One with TLS stays, to be pumped (TlsPump), and the end
// of a pair goes in its place.
//
// Thread: one owner.
// Ownership: FdsOut names descriptors that stay where they are, and owns the pairs; FdsIn owns
// descriptors until they are taken, once each.
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
  // Why one could not be added; "": all could.
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
  // Those of the next part.
  void more(std::vector<UniqueFd> fds) {
    for (UniqueFd& fd : fds) fds_.push_back(std::move(fd));
  }
  // Invalid: there is no such descriptor, or it has been taken.
  UniqueFd take(MovedFd at) noexcept {
    return at < fds_.size() ? std::move(fds_[static_cast<std::size_t>(at)]) : UniqueFd();
  }
  // Invalid too where it is no socket of a connection, or to listen at.
  UniqueFd take_socket(MovedFd at) noexcept;

 private:
  std::vector<UniqueFd> fds_;
};

}  // namespace lb
