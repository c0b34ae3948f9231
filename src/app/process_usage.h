// What this process uses of its machine.
// Thread: any; reads /proc, so not on a worker.  What cannot be seen (a chroot hides /proc) stays
// 0. Source: proc(5), getrusage(2).
#pragma once

#include <cstdint>

namespace lb {

struct ProcessUsage {
  double cpu_seconds = 0;
  std::uint64_t resident_bytes = 0, virtual_bytes = 0;
  std::uint64_t open_fds = 0, most_fds = 0;
};
ProcessUsage process_usage();

}  // namespace lb
