// past_lookup: what is recorded of a mount, here and at other nodes, as a list or as a segment of
// HLS: other nodes are asked what they have of that time, their indexes are loaded, and of their
// bytes as much is fetched as is needed.
//
// Thread: begins anywhere, goes on in steps of PastReading; `then` is called on a reader.
// Ownership: a lookup belongs to its PastReading.  PastLimits is shared with those that are under way.
// Bounds: at once kMaxFarLists lists that ask other nodes, and kMaxLongLists of more than kLongList,
// some 10 MB each; kMaxQuestions questions a second for segments of which nothing is known here.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "archive/read/past_reading.h"
#include "base/clock.h"
#include "base/unique_function.h"
#include "hls/past_lists.h"
#include "stream/mount/gate.h"

namespace lb {

// What a lookup has found.
struct HlsPast {
  PastList list;
  std::optional<PastSegment> segment;
  // It is not whole, because a node that has more of it does not answer, or there is no room for
  // what it has, or the directory here is still being read: soon there may be more.
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
  SteadyTime second_{};
  unsigned asked_ = 0;
};

// The recordings of a mount.
struct PastMount {
  ReaderPool& readers;
  const Catalog& catalog;
  const Clock& clock;
  std::string dir, name;
  bool own_only = false;  // not those of other nodes
};

using HlsPastThen = UniqueFunction<void(std::shared_ptr<const HlsPast>)>;

void look_up_past_list(PastMount mount, const PastAskRange& range,
                       std::shared_ptr<PastLimits> limits, HlsPastThen then);
// Its bytes are in memory, or on this machine's disk and have just been read.
void look_up_past_segment(PastMount mount, std::uint32_t stream, std::uint64_t sequence,
                          std::shared_ptr<PastLimits> limits, HlsPastThen then);

}  // namespace lb
