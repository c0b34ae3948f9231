// The answer to a request for a segment: an ID3 tag, then its sound, out of a log or out of files.
// Thread: the connection's worker.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "hls/cut.h"
#include "http/connection.h"
#include "media/metadata.h"

namespace lb {

struct HlsSegmentBody {
  HlsSegment segment;
  std::shared_ptr<const Metadata> title;  // null: none
  std::vector<ReplyRun> sound;
};

// [first, end) of what these send, one after the other.
std::vector<ReplyRun> slice_of(std::vector<ReplyRun> runs, std::uint64_t first, std::uint64_t end);

}  // namespace lb
