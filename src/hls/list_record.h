// HlsListRecord: what a live list leaves to the next process, in which it goes on from the same
// segment.
// Thread: plain values.
#pragma once

#include <cstdint>
#include <string>

#include "base/record.h"
#include "hls/list_pace.h"

namespace lb {

struct HlsListRecord {
  std::string mount;
  std::uint64_t listed_end = 0;  // Mount::hls_listed_end
  ListPace pace;
  static constexpr PlainRecord kRecord{.members = 3, .needed = 1};
};

}  // namespace lb
