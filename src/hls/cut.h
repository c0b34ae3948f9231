// HlsCut: a stream log as segments of HLS: segment n of an epoch has the units with a media time in
// [n, n + 1) · cut_ms, so that all nodes with the same bytes cut alike.
//
// Thread: pure; made for one request from one view, which has to outlive it.
// Only whole segments: the start was seen here, and the next segment or another source has begun.
// The first segments of a source wait until its clock is known (StreamSpan::anchored), because the
// facts of a listed segment never change.
// Bounds: the newest 256 spans; a segment costs two binary searches.
// Source: RFC 8216 sections 3 and 6.2.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "stream/log/stream_view.h"

namespace lb {

struct HlsSegment {
  std::uint64_t sequence = 0;
  std::uint64_t generation = 0;      // the discontinuity number
  std::uint32_t stream = 0;          // in its name: the first 32 bits of the stream's identity
  std::uint64_t begin = 0, end = 0;  // positions in the log
  std::uint64_t samples = 0;         // media time of its start
  std::uint64_t duration = 0;        // samples
  unsigned rate_hz = 0;
  std::uint32_t cut_ms = 0;
  std::int64_t wall_ms = 0;   // of its start, Unix
  std::int64_t epoch_ms = 0;  // of media time 0 by the first anchor: the base of timestamps
  bool adts = false;          // AAC, else MPEG audio

  bool operator==(const HlsSegment&) const = default;
};

// 33 bits of a 90 kHz clock that continues through an epoch.
std::uint64_t hls_timestamp(const HlsSegment& segment) noexcept;

// Whether the units of this span belong to segments.
bool is_hls_cut(const StreamSpan& span) noexcept;
// The number of the segment that this media time of the span lies in, from 0.  REQUIRES: is_hls_cut
std::uint64_t hls_cell(const StreamSpan& span, std::uint64_t samples) noexcept;
// Whether `next` may follow in a list, with at most one discontinuity.
bool hls_follows(const HlsSegment& before, const HlsSegment& next) noexcept;

class HlsCut {
 public:
  explicit HlsCut(const StreamView& view);

  // At most `most` segments, oldest first, numbered without a gap: only those after the last gap,
  // but those before it while the new ones of another source last less than eight seconds.
  std::vector<HlsSegment> newest(std::size_t most) const;
  std::optional<HlsSegment> find(std::uint32_t stream, std::uint64_t sequence) const;

 private:
  // Units of one epoch without a hole between them.
  struct Run {
    std::uint64_t first_span = 0, last_span = 0;  // indices
    std::uint64_t first_mark = 0, marks_end = 0;  // indices
    std::uint64_t first_cell = 0, cells_end = 0;  // whole ones
    std::optional<std::uint64_t> end;             // its last position; nullopt: it continues
    std::uint64_t generation = 0;
    bool settled = false;  // its clock is known, or stays as it is
  };
  void add_run(std::uint64_t first_span, std::uint64_t last_span,
               std::optional<std::uint64_t> next_span);
  std::vector<HlsSegment> newest_of(std::size_t runs, std::size_t most, std::size_t& before) const;
  std::uint64_t cell_of(const Run& run, std::uint64_t mark) const;
  std::uint64_t first_mark_of(const Run& run, std::uint64_t cell) const;
  std::optional<HlsSegment> segment(const Run& run, std::uint64_t cell) const;
  std::int64_t wall_of(const Run& run, const SyncMark& mark) const;
  std::uint64_t samples_between(std::uint64_t from, std::uint64_t to) const;

  const StreamView& view_;
  std::vector<Run> runs_;  // oldest first
};

}  // namespace lb
