// StreamSpan: facts about a run of a stream's bytes: their address, which is the same after
// restarts and at all nodes, their media time, and their time at the node of the source.
//
// Thread: plain values; in views.
// Origin positions count from 0 at the first byte of a lease at the node where the source enters.
// So does media time, or from the last change of the sample rate: that is an epoch.  Segments of
// HLS are numbered from the epoch's start: segment n is media time [n, n + 1) · cut_ms.
#pragma once

#include <array>
#include <cstdint>

#include "base/record.h"
#include "media/media_clock.h"

namespace lb {

// The origin of the bytes: 128 random bits for every lease at the node where a source enters
// (doc/decisions.md A6), by which relays of one stream are known to be equal.
using StreamIdentity = std::array<std::uint64_t, 2>;

// The numbers and times of an epoch's segments.
struct SegmentNumbers {
  std::uint64_t first = 0;       // of media time 0
  std::uint64_t generation = 0;  // the discontinuity number
  std::int64_t epoch_ms = 0;     // wall time of media time 0 by the epoch's first anchor, Unix
  std::uint32_t cut_ms = 6000;

  bool operator==(const SegmentNumbers&) const = default;
  static constexpr PlainRecord kRecord{.members = 4};
};

struct StreamSpan {
  std::uint64_t begin = 0;  // position in this log from which it holds
  StreamIdentity id{};
  std::uint64_t origin = 0;  // origin position of `begin`
  MediaTime media;           // of the first unit at or after `begin`
  std::int64_t wall_ms = 0;  // of that unit, Unix; meaningful once anchored
  bool anchored = false;     // false: the source has just begun, and may still send its lead
  bool seam = false;         // decoders restart here: another source, another sample rate
  SegmentNumbers segments;

  // Headers of Ogg, and the end of a chain, have no address.
  bool has_address() const noexcept { return (id[0] | id[1]) != 0; }
  // The time of a unit of this span, by whole milliseconds since media time 0, so that all nodes
  // agree, wherever their spans begin.
  std::int64_t wall_of(std::uint64_t samples) const noexcept {
    const MediaTime time{samples, media.rate_hz};
    return wall_ms - static_cast<std::int64_t>(media.milliseconds()) +
           static_cast<std::int64_t>(time.milliseconds());
  }
  // When the unit begins to sound.
  std::int64_t begin_of(UnitTime time) const noexcept { return wall_of(time.begin()); }
  std::uint64_t origin_of(std::uint64_t position) const noexcept {
    return origin + (position - begin);
  }
};
template <class Io, RecordOf<StreamSpan> T>
void record_fields(Io& io, T& span) {
  auto& [begin, id, origin, media, wall_ms, anchored, seam, segments] = span;
  io(1, begin, id, origin, media, wall_ms, anchored, seam, segments);
  if constexpr (Io::kReads)
    if (segments.cut_ms == 0) io.wrong(8, "has segments of no time");
}

}  // namespace lb
