// past_lookup: a mount's recordings here and at other nodes, as a list or a segment of HLS: other
// nodes are asked about the time, their indexes are loaded, and only the needed bytes are fetched.
//
// Thread: begins anywhere, continues in steps of PastReading; `then` is called on a reader.
// Ownership: a lookup belongs to its PastReading.  PastLimits is shared with all lookups under way.
// Bounds: at once kMaxFarLists lists that ask other nodes, and kMaxLongLists longer than kLongList,
// about 10 MB each; kMaxQuestions questions a second for segments that are unknown here.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "archive/read/past_reading.h"
#include "base/clock.h"
#include "base/rate_limit.h"
#include "base/unique_function.h"
#include "hls/past_lists.h"
#include "stream/mount/gate.h"

namespace lb {

// The result of a lookup.
struct HlsPast {
  PastList list;
  std::optional<PastSegment> segment;
  // The result may be incomplete: a node with more does not answer, there is no room for its data,
  // or the directory here is still being read.  A later request may find more.
  bool unanswered = false;
};

struct PastLimits {
  static constexpr std::int64_t kMaxFarLists = 32, kMaxLongLists = 8;
  static constexpr std::chrono::hours kLongList{6};
  static constexpr unsigned kMaxQuestions = 50;

  Gate far_lists, long_lists;
  // False: too many questions in this second.
  bool may_ask(SteadyTime now);

 private:
  std::mutex mutex_;
  SecondCount asked_;
};

// The recordings of a mount.
struct PastMount {
  ReaderPool& readers;
  const Catalog& catalog;
  const Clock& clock;
  std::string dir, name;
  bool own_only = false;  // without other nodes
};

using HlsPastThen = UniqueFunction<void(std::shared_ptr<const HlsPast>)>;

void look_up_past_list(PastMount mount, const PastAskRange& range,
                       std::shared_ptr<PastLimits> limits, HlsPastThen then);
// The segment's bytes are in memory, or on this machine's disk and have just been read.
void look_up_past_segment(PastMount mount, std::uint32_t stream, std::uint64_t sequence,
                          std::shared_ptr<PastLimits> limits, HlsPastThen then);

}  // namespace lb
