#include "net/socket/datagram_port.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <utility>

#include "net/address/bind_address.h"

namespace lb {
namespace {

constexpr int kAnswersATurn = 64;
constexpr std::size_t kLongestAnswer = 512;

// The socket's own address as a peer; for a socket on all addresses, the loopback address.
bool own_address(int fd, sockaddr_storage& name, socklen_t& size) {
  size = sizeof name;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&name), &size) != 0) return false;
  if (auto& v4 = reinterpret_cast<sockaddr_in&>(name); name.ss_family == AF_INET) {
    if (v4.sin_addr.s_addr == htonl(INADDR_ANY)) v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  } else if (auto& v6 = reinterpret_cast<sockaddr_in6&>(name);
             IN6_IS_ADDR_UNSPECIFIED(&v6.sin6_addr)) {
    v6.sin6_addr = in6addr_loopback;
  }
  return true;
}

}  // namespace

Result<std::unique_ptr<DatagramPort>> DatagramPort::open(const std::string& address, int port) {
  auto fd = bind_socket(SOCK_DGRAM, address, port);
  if (!fd) return fd.error();
  return std::make_unique<DatagramPort>(std::move(*fd));
}

void DatagramPort::start(Loop& loop, Answer answer) {
  answer_ = std::move(answer);
  watch_.start<&DatagramPort::on_ready>(loop, fd_.get(), EV_READ, this);
}

bool DatagramPort::set_shut(bool shut) {
  if (shut == shut_) return true;
  sockaddr_storage name{};
  socklen_t size = sizeof name;
  if (shut) {
    if (!own_address(fd_.get(), name, size)) return false;
  } else {
    name.ss_family = AF_UNSPEC;
    size = sizeof name.ss_family;
  }
  if (::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&name), size) != 0) return false;
  shut_ = shut;
  return true;
}

int DatagramPort::port() const { return bound_port(fd_.get()); }

void DatagramPort::on_ready(short) {
  std::array<char, kLongestAnswer> question;
  for (int i = 0; i < kAnswersATurn; ++i) {
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    const ssize_t n = ::recvfrom(fd_.get(), question.data(), question.size(), 0,
                                 reinterpret_cast<sockaddr*>(&from), &size);
    if (n < 0) return;
    if (shut_) continue;  // it came before the port was shut
    const auto asked = static_cast<std::size_t>(n);
    std::string answer = answer_(asked);
    answer.resize(std::min(answer.size(), asked));
    // A full socket buffer drops the answer, as the network may.
    [[maybe_unused]] const auto sent =
        ::sendto(fd_.get(), answer.data(), answer.size(), MSG_NOSIGNAL,
                 reinterpret_cast<const sockaddr*>(&from), size);
  }
}

}  // namespace lb
