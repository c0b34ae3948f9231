#include "net/socket/transport.h"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "net/loop/shortage.h"

namespace lb {
namespace {

// After kAgain the socket's event comes again.
IoResult from_errno() noexcept {
  return {is_momentary(errno) ? IoStatus::kAgain : IoStatus::kError, 0};
}

}  // namespace

// EIO is not momentary: a failed cipher of the kernel, or a failed disk.
bool is_momentary(int error) noexcept {
  const bool shortage = error == ENOMEM || error == ENOBUFS;
  if (shortage) note_shortage();
  return shortage || error == EAGAIN || error == EINTR;
}

PlainTransport::PlainTransport(UniqueFd fd, const Address& peer) noexcept
    : fd_(std::move(fd)), peer_(peer) {}

IoResult PlainTransport::read(std::span<std::byte> into) noexcept {
  const ssize_t n = ::recv(fd_.get(), into.data(), into.size(), 0);
  if (n > 0) return {IoStatus::kDone, static_cast<std::size_t>(n)};
  if (n == 0) return {IoStatus::kEof, 0};
  return from_errno();
}

IoResult PlainTransport::write_v(std::span<const iovec> parts, bool more) noexcept {
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(parts.data());
  message.msg_iovlen = parts.size();
  const ssize_t n = ::sendmsg(fd_.get(), &message, MSG_NOSIGNAL | (more ? MSG_MORE : 0));
  if (n >= 0) return {IoStatus::kDone, static_cast<std::size_t>(n)};
  return from_errno();
}

IoResult PlainTransport::send_file(int fd, std::uint64_t offset, std::size_t bytes) noexcept {
  auto at = static_cast<off_t>(offset);
  const ssize_t n = ::sendfile(fd_.get(), fd, &at, bytes);
  if (n > 0) return {IoStatus::kDone, static_cast<std::size_t>(n)};
  // The file ends before `offset`: a fault of the caller.
  if (n == 0) errno = EIO;
  return from_errno();
}

void PlainTransport::shut_down_write() noexcept { ::shutdown(fd_.get(), SHUT_WR); }

void PlainTransport::limit_unsent(std::size_t bytes) noexcept {
  const int value = static_cast<int>(std::min<std::size_t>(bytes, 1 << 30));
  ::setsockopt(fd_.get(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &value, sizeof value);
}

std::optional<TcpFacts> tcp_facts(int fd) noexcept {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return std::nullopt;
  TcpFacts facts;
  facts.round_trip = std::chrono::microseconds(info.tcpi_rtt);
  facts.retransmits = info.tcpi_total_retrans;
  int queued = 0;
  if (::ioctl(fd, SIOCOUTQ, &queued) == 0)
    facts.queue_bytes = static_cast<std::uint64_t>(std::max(queued, 0));
  return facts;
}

}  // namespace lb
