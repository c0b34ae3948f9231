#include "net/socket/fd_channel.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/cat.h"

namespace lb {
namespace {

constexpr std::size_t kMostFds = 253;  // SCM_MAX_FD of Linux
constexpr std::size_t kControlBytes = CMSG_SPACE(kMostFds * sizeof(int));

std::vector<UniqueFd> fds_of(msghdr& message) {
  std::vector<UniqueFd> fds;
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr;
       part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(part) + i * sizeof fd, sizeof fd);
      fds.emplace_back(fd);
    }
  }
  return fds;
}

}  // namespace

Result<std::pair<UniqueFd, UniqueFd>> packet_pair() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) != 0)
    return Error::io(cat({"socketpair: ", std::strerror(errno)}));
  return std::pair<UniqueFd, UniqueFd>(UniqueFd(ends[0]), UniqueFd(ends[1]));
}

bool send_with_fds(int socket, std::string_view text, std::span<const int> fds) noexcept {
  iovec part{const_cast<char*>(text.data()), text.size()};  // NOLINT: sendmsg only reads
  alignas(cmsghdr) std::array<char, kControlBytes> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (!fds.empty()) {
    fds = fds.first(std::min(fds.size(), kMostFds));
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(fds.size_bytes());
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(fds.size_bytes());
    std::memcpy(CMSG_DATA(header), fds.data(), fds.size_bytes());
  }
  return ::sendmsg(socket, &message, MSG_NOSIGNAL) >= 0;
}

Result<std::pair<FdChannel, FdChannel>> FdChannel::make() {
  auto ends = packet_pair();
  if (!ends) return ends.error();
  return std::pair(FdChannel(std::move(ends->first)), FdChannel(std::move(ends->second)));
}

Result<void> FdChannel::wait_for(short events, std::chrono::milliseconds patience,
                                 std::string_view what) {
  pollfd one{socket_.get(), events, 0};
  int ready = 0;
  do {
    ready = ::poll(&one, 1, static_cast<int>(patience.count()));
  } while (ready < 0 && errno == EINTR);
  if (ready > 0) return {};
  if (ready < 0) return Error::io(cat({what, ": poll: ", std::strerror(errno)}));
  return Error::timeout(
      cat({what, ": the other process did not answer within ", patience.count(), " ms"}));
}

Result<void> FdChannel::send(std::string_view bytes, std::span<const int> fds,
                             std::chrono::milliseconds patience) {
  if (bytes.size() > kMaxBytes || fds.size() > kMaxFds)
    return Error::limit(cat({"a message of ", bytes.size(), " bytes and ", fds.size(),
                             " descriptors is too large for one piece"}));
  // The receiver would take an empty message for the end.
  const std::string_view text = bytes.empty() ? std::string_view("\0", 1) : bytes;
  for (;;) {
    if (send_with_fds(socket_.get(), text, fds)) return {};
    if (errno == EINTR) continue;
    if (errno == EPIPE || errno == ECONNRESET)
      return Error::closed("a message could not be sent: the other process has ended");
    if (errno != EAGAIN)
      return Error::io(cat({"a message with ", fds.size(),
                            " descriptors could not be sent: ", std::strerror(errno)}));
    if (auto ready = wait_for(POLLOUT, patience, "a message could not be sent"); !ready)
      return ready;
  }
}

Result<FdChannel::Message> FdChannel::receive(std::chrono::milliseconds patience) {
  auto ready = wait_for(POLLIN, patience, "no message came");
  if (!ready && ready.error().code != Error::Code::kTimeout) return ready.error();
  // The other side must not take for received what is sent from now on; the last message may have
  // come just before.
  if (!ready) ::shutdown(socket_.get(), SHUT_RD);
  Message got;
  got.bytes.resize(kMaxBytes);
  iovec part{got.bytes.data(), got.bytes.size()};
  alignas(cmsghdr) std::array<char, kControlBytes> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  ssize_t n = 0;
  do {
    n = ::recvmsg(socket_.get(), &message, MSG_CMSG_CLOEXEC);
  } while (n < 0 && errno == EINTR);
  if (n <= 0 && !ready) return ready.error();
  if (n == 0 || (n < 0 && errno == ECONNRESET))
    return Error::closed("no message came: the other process has ended");
  if (n < 0) return Error::io(cat({"no message came: ", std::strerror(errno)}));
  got.fds = fds_of(message);
  // The kernel drops descriptors that do not fit, for example beyond the limit of open files.
  if ((message.msg_flags & (MSG_CTRUNC | MSG_TRUNC)) != 0)
    return Error::limit(
        cat({"a message came without some of its parts (", got.fds.size(),
             " descriptors arrived): the limit of open files of this process is too low"}));
  got.bytes.resize(static_cast<std::size_t>(n));
  return got;
}

}  // namespace lb
