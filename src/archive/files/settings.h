// Plain settings of the archive floor; config/ fills them, with all merging done.
// Thread: plain values.
#pragma once

#include <cstdint>
#include <string>

namespace lb {

// <archive> at the root; dir "": nothing is recorded here.
struct ArchiveSettings {
  std::string dir;
  std::string clock_file;             // of KeptClockTrust; "": nothing is kept
  std::uint64_t total_bytes = 0;      // of all mounts; 0: not limited
  std::int64_t min_free_parts = 500;  // of the file system, in ten-thousandths
  unsigned readers = 2;               // threads that wait for disks
  std::string cache_dir;              // for recordings of other nodes; "": in memory
  std::uint64_t cache_bytes = 256ull << 20;
  bool share = true;     // other nodes may fetch what is recorded here
  bool fills = false;    // a mount's section has <fill>
  unsigned sources = 0;  // <limits><sources>

  bool operator==(const ArchiveSettings&) const = default;
};

}  // namespace lb
