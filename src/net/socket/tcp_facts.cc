#include "net/socket/tcp_facts.h"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>

namespace lb {

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
