// Plain settings of the archive floor; config/ fills them, with all merging done.
// Thread: plain values.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace lb {

// <archive> at the root; dir "": nothing is recorded.
struct ArchiveSettings {
  std::string dir;
  std::uint64_t total_bytes = 0;      // of all mounts; 0: not limited
  std::int64_t min_free_parts = 500;  // of the file system, in ten-thousandths
  unsigned readers = 2;               // threads that wait for disks

  bool operator==(const ArchiveSettings&) const = default;
};

}  // namespace lb
