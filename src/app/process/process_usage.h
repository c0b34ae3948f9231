// The resources that this process uses.
// Thread: any; reads /proc, so not on a worker.  Values hidden by a chroot stay 0.
// Source: proc(5), getrusage(2).
#pragma once

#include <cstdint>

namespace lb {

struct ProcessUsage {
  double cpu_seconds = 0;
  std::uint64_t resident_bytes = 0, virtual_bytes = 0;
  std::uint64_t open_fds = 0, most_fds = 0;
};
ProcessUsage process_usage();

// The number of connections that the descriptor limit allows, beside other open descriptors and a
// reserve of a sixteenth and 16 for relays, logs and files.  At least 1.
constexpr std::uint64_t kNoDescriptorLimit = ~std::uint64_t{0};
std::uint64_t places_for_connections(const ProcessUsage& usage, std::uint64_t connections_now);

}  // namespace lb
