// A connected pair of sockets for tests: ours goes into a PlainTransport, the other one is the
// test's.
#pragma once

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "base/unique_fd.h"
#include "net/address/address.h"
#include "net/socket/transport.h"

namespace lb::test {

class SocketPair {
 public:
  // send_buffer_bytes: how much the kernel takes before our side is blocked; 0: the system's
  // choice.
  explicit SocketPair(int send_buffer_bytes = 0) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0)
      std::abort();
    ours_.reset(ends[0]);
    peer_.reset(ends[1]);
    if (send_buffer_bytes > 0)
      ::setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &send_buffer_bytes, sizeof send_buffer_bytes);
  }
  std::unique_ptr<PlainTransport> transport() {
    return std::make_unique<PlainTransport>(std::move(ours_), *Address::parse("192.0.2.9", 1024));
  }
  // Everything that has arrived.
  std::string received(std::size_t most = ~std::size_t{0}) {
    std::string all;
    char buffer[65536];
    while (all.size() < most) {
      const auto n = ::recv(peer_.get(), buffer, std::min(sizeof buffer, most - all.size()), 0);
      if (n <= 0) {
        finished_ = n == 0;
        break;
      }
      all.append(buffer, static_cast<std::size_t>(n));
    }
    return all;
  }
  // True when the other side has closed and all its bytes have been received.
  bool finished() {
    received();
    return finished_;
  }
  // Into an empty buffer; what is closed takes nothing.
  void send(std::string_view text) {
    [[maybe_unused]] const auto n = ::send(peer_.get(), text.data(), text.size(), MSG_NOSIGNAL);
  }
  void finish_sending() { ::shutdown(peer_.get(), SHUT_WR); }
  void close() { peer_.reset(); }

 private:
  UniqueFd ours_, peer_;
  bool finished_ = false;
};

}  // namespace lb::test
