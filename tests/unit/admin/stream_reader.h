// StreamReader: a client of a stream of events, over a pair of sockets.
// Thread: the test's.
// Ownership: `transport` goes to what is tested; the other end is the reader's.
#pragma once

#include <sys/socket.h>

#include <cstdlib>
#include <memory>
#include <string>

#include "base/unique_fd.h"
#include "net/address/address.h"
#include "net/socket/transport.h"

namespace lb::test {

struct StreamReader {
  // buffer: bytes that the kernel keeps for it; 0: as many as usual.
  explicit StreamReader(int buffer = 0) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0)
      std::abort();
    transport =
        std::make_unique<PlainTransport>(UniqueFd(ends[0]), *Address::parse("192.0.2.9", 1024));
    peer.reset(ends[1]);
    if (buffer > 0) ::setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
  }
  std::string received() {
    std::string all;
    char buffer[65536];
    for (ssize_t n = 0; (n = ::recv(peer.get(), buffer, sizeof buffer, 0)) > 0;)
      all.append(buffer, static_cast<std::size_t>(n));
    return all;
  }
  std::unique_ptr<Transport> transport;
  UniqueFd peer;
};

}  // namespace lb::test
