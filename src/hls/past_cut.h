// PastCut: recorded files as segments of HLS: with the numbers, the names, the cuts and the dates
// that they had when they were live.
//
// Thread: where reading may wait (ReaderPool): the first byte of a run is read.
// Ownership: holds the files that it was given.
// A segment may lie in two files, because files are cut by wall time.  Where recording paused, what
// is left of a segment is none; the last one of a source is whole when the next source's numbers
// follow it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "archive/files/archive_file.h"
#include "hls/cut.h"

namespace lb {

// Of a segment; offsets of a file.
struct PastPart {
  std::shared_ptr<const ArchiveFile> file;
  std::uint64_t begin = 0, end = 0;
};

class PastCut {
 public:
  // In the order of time.  What other nodes have recorded may overlap: it counts as far as it goes
  // on.
  void add(std::shared_ptr<const ArchiveFile> file);
  // add() reads its first bytes, kFirstBytes of them.
  bool reads(const ArchiveFile& file) const;
  static constexpr std::uint64_t kFirstBytes = 16;

  // Oldest first, of at most so many, of those that end after from_ms and begin before to_ms.
  // begin and end are origin positions.  in_order: where a source had sent ahead when the next one
  // began, their times overlap; nothing of the next one comes before all of the first.
  std::vector<HlsSegment> segments(std::int64_t from_ms, std::int64_t to_ms, std::size_t most,
                                   bool in_order = false) const;
  std::optional<HlsSegment> find(std::uint32_t stream, std::uint64_t sequence) const;
  std::vector<PastPart> parts(const HlsSegment& segment) const;

 private:
  struct Mark {
    std::uint64_t origin = 0, samples = 0;
    std::int64_t wall_ms = 0;
  };
  // Files of one epoch without a hole between them.
  struct Run {
    StreamSpan span;
    std::vector<std::shared_ptr<const ArchiveFile>> files;
    std::vector<Mark> marks;
    bool adts = false;

    std::uint64_t cell_of(const Mark& mark) const noexcept;
    std::uint64_t origin_end() const noexcept { return marks.back().origin; }
  };
  bool goes_on(const Run& run, const ArchiveFile& file) const;
  // Whether the last mark of a run is where its last segment ends.
  bool ends_whole(std::size_t run) const;
  template <class Take>
  void each_of(std::size_t run, Take take) const;

  std::vector<Run> runs_;
};

// The newest ones whose numbers have no gap: what a list may show that players ask for again.  What
// is behind a gap counts only when there are `fewest` of it.
std::vector<HlsSegment> newest_without_gap(std::vector<HlsSegment> segments, std::size_t most,
                                           std::size_t fewest);
// The next one may follow in a list without a discontinuity, or with one of its own number.
bool hls_follows(const HlsSegment& before, const HlsSegment& next) noexcept;
// Whether what was listed goes on with, or has, this segment.
bool hls_reaches(std::span<const HlsSegment> listed, const HlsSegment& segment) noexcept;
// `listed` before `segments`, as far as it has no gap, up to so many in all.
void put_in_front(std::span<const HlsSegment> listed, std::size_t length,
                  std::vector<HlsSegment>& segments);

}  // namespace lb
