// TcpFacts: what the kernel knows of one TCP connection.
//
// Thread: that of the loop that holds the descriptor.
// Cost: two system calls, about a microsecond; so a page of connections, never all of a loop.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace lb {

struct TcpFacts {
  std::chrono::microseconds round_trip{0};
  std::uint64_t retransmits = 0;  // segments, since it was opened
  std::uint64_t queue_bytes = 0;  // that the peer has not acknowledged, sent or not

  bool operator==(const TcpFacts&) const = default;
};

// nullopt: it is no TCP connection, or is none any more.
std::optional<TcpFacts> tcp_facts(int fd) noexcept;

}  // namespace lb
