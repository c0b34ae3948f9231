// ArchiveSight: recordings as administrators see them.
// Thread: plain values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "archive/files/where.h"
#include "stream/log/wall_seams.h"

namespace lb {

struct ArchiveTitle {
  std::int64_t ms = 0;      // Unix
  std::string title;        // as it came
  std::string artist = {};  // as artist_apart()
};
struct ArchiveSight {
  bool on = false;  // there is a directory to record into
  struct Mount {
    std::string name;
    std::uint64_t bytes = 0;
    std::vector<PlacedRange> ranges;  // the oldest first
  };
  // Removes everything recorded before: Unix ms.
  void forget_before(std::int64_t ms);
  std::vector<Mount> mounts;
  std::vector<ArchiveTitle> titles;  // of one mount, by time; the newest thousand
  std::vector<WallSeam> seams;       // within the same time, as many
};

}  // namespace lb
