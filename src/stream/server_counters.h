// ServerCounters: what the whole server counts; becomes the global part of the stats.
// Thread safety: any thread; relaxed, because each number stands for itself.
// They change at the rate of connections, never of deliveries, so one cache line is enough.
#pragma once

#include <atomic>
#include <cstdint>

#include "stream/gate.h"

namespace lb {

struct ServerCounters {
  std::atomic<std::uint64_t> connections{0};                // accepted
  std::atomic<std::uint64_t> client_connections{0};         // requests by GET
  std::atomic<std::uint64_t> listener_connections{0};
  std::atomic<std::uint64_t> source_client_connections{0};
  std::atomic<std::uint64_t> source_relay_connections{0};
  std::atomic<std::uint64_t> source_total_connections{0};
  std::atomic<std::uint64_t> stats_connections{0};
  std::atomic<std::uint64_t> file_connections{0};
  Gate clients;    // sources, listeners and requests being answered
  Gate sources;
  Gate listeners;  // over all mounts
};

}  // namespace lb
