// ListPace: the pace of a live list.  A source that sends far ahead, as at a seam, makes more
// segments at once than a list holds: segments that no player has had time to fetch stay listed,
// and the list follows the source at the pace of its sound.
//
// Thread: pure; one owner a list.
// Source: RFC 8216 section 6.3.3: a player begins with the third segment from the end, or later.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/clock.h"
#include "base/record.h"

namespace lb {

struct HlsSegment;

class ListPace {
 public:
  // The list of these segments, all in the log: the newest `length`, or as many from the due one.
  // REQUIRES: their numbers have no gap, and `now` does not go back
  std::vector<HlsSegment> window(std::vector<HlsSegment> held, std::size_t length, SteadyTime now);
  // Whether the newest segments include the due one.
  bool shows_due(std::span<const HlsSegment> newest, SteadyTime now);
  // Called with the segments of each list.
  void note(std::span<const HlsSegment> listed, SteadyTime now);

  template <class Io, RecordOf<ListPace> T>
  friend void record_fields(Io& io, T& pace) {
    io(1, pace.due_, pace.since_, pace.noted_, pace.cut_, pace.length_);
    if constexpr (Io::kReads)
      if (pace.cut_.count() <= 0) pace.due_ = ~std::uint64_t{0};
  }

 private:
  static constexpr std::size_t kFromEnd = 3;
  void pass(SteadyTime now);

  std::uint64_t due_ =
      ~std::uint64_t{0};  // the number that a player fetches next; ~0: none is there
  SteadyTime since_{};    // when due_ was last correct
  SteadyTime noted_{};
  std::chrono::milliseconds cut_{0}, length_{0};  // of a segment; of the whole list
};

}  // namespace lb
