// PastCut: recorded files as segments of HLS, with the numbers, names, cuts and dates of the live
// stream.
//
// Thread: where reading may wait (ReaderPool): the first byte of a run is read.
// Ownership: holds its files.
// A segment may lie in two files, because files are cut by wall time.  Where recording paused, a
// part of a segment is left out; the last segment of a source is whole if the next source's numbers
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

// A part of a segment; offsets in a file.
struct PastPart {
  std::shared_ptr<const ArchiveFile> file;
  std::uint64_t begin = 0, end = 0;
};

class PastCut {
 public:
  // In the order of time.  Recordings of other nodes may overlap: only their further part is added.
  void add(std::shared_ptr<const ArchiveFile> file);
  // Whether add() reads the first kFirstBytes of this file.
  bool reads(const ArchiveFile& file) const;
  static constexpr std::uint64_t kFirstBytes = 16;

  // The oldest `most` segments that end after from_ms and begin before to_ms. begin and end are
  // origin positions. in_order: if a source had sent ahead when the next one began, their times
  // overlap; no segment of the next one precedes one of the first.
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
  // Whether the last mark of a run ends its last segment.
  bool ends_whole(std::size_t run) const;
  template <class Take>
  void each_of(std::size_t run, Take take) const;

  std::vector<Run> runs_;
};

// The newest segments without a gap in their numbers, for a list that players request again.
// Segments after a gap are used only if there are at least `fewest`.
std::vector<HlsSegment> newest_without_gap(std::vector<HlsSegment> segments, std::size_t most,
                                           std::size_t fewest);
// Whether the list contains this segment, or continues with it.
bool hls_reaches(std::span<const HlsSegment> listed, const HlsSegment& segment) noexcept;
// Puts the gapless end of `listed` before `segments`, up to `length` in all.
void put_in_front(std::span<const HlsSegment> listed, std::size_t length,
                  std::vector<HlsSegment>& segments);

}  // namespace lb
