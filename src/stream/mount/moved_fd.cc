#include "stream/mount/moved_fd.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/cat.h"

namespace lb {
namespace {

// Small, because no queue of the server counts the bytes between the two processes.
constexpr int kPairBytes = 64 * 1024;

}  // namespace

bool can_move(const Transport& transport) {
  if (transport.can_move()) return true;
  const auto* const tls = dynamic_cast<const TlsTransport*>(&transport);
  return tls != nullptr && tls->can_be_pumped();
}

UniqueFd FdsIn::take_socket(MovedFd at) noexcept {
  UniqueFd fd = take(at);
  int type = 0;
  socklen_t size = sizeof type;
  const bool is_socket =
      ::getsockopt(fd.get(), SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM;
  return is_socket ? std::move(fd) : UniqueFd();
}

MovedFd FdsOut::add(Transport& transport) {
  auto* const tls = dynamic_cast<TlsTransport*>(&transport);
  if (tls == nullptr) return add(transport.fd());
  std::array<int, 2> ends{-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) != 0)
    problem_ = cat({"a pair of sockets for an encrypted connection: ", std::strerror(errno)});
  for (const int end : ends)
    ::setsockopt(end, SOL_SOCKET, SO_SNDBUF, &kPairBytes, sizeof kPairBytes);
  pumped_.push_back({tls, UniqueFd(ends[0])});
  theirs_.emplace_back(ends[1]);
  return add(ends[1]);
}

}  // namespace lb
