// where: which times of a mount are recorded here and at other nodes.
// Thread: pure.
#pragma once

#include <string>
#include <vector>

#include "archive/files/catalog.h"
#include "archive/files/holders.h"

namespace lb {

// A range and the servers that have it. bytes: on this node only.
struct PlacedRange : ArchiveRange {
  std::vector<std::string> where;  // "here", and nodes
};
// In the order of time; times with the same nodes are one range. now_ms: the end of recordings that
// go on elsewhere.
std::vector<PlacedRange> ranges_and_places(const RecordedFiles& own,
                                           const std::vector<HolderRow>& others,
                                           std::int64_t now_ms);
// The ranges of ranges_and_places() without the places.
std::vector<ArchiveRange> ranges_anywhere(const RecordedFiles& own,
                                          const std::vector<HolderRow>& others,
                                          std::int64_t now_ms);

}  // namespace lb
