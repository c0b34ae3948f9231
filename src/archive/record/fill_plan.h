// fill_plan: the recordings that this node lacks of a mount and other nodes have: first the times,
// by their rows over links, then the parts of their files.
// Thread: pure.
#pragma once

#include <cstdint>
#include <vector>

#include "archive/files/catalog.h"
#include "archive/files/holders.h"
#include "archive/files/record.h"

namespace lb {

struct MissingTime {
  std::int64_t from_ms = 0, to_ms = 0;

  bool operator==(const MissingTime&) const = default;
};
// Within [from_ms, to_ms), newest first.  Gaps shorter than two seconds are ignored.
std::vector<MissingTime> missing_times(const RecordedFiles& own,
                                       const std::vector<HolderRow>& others,
                                       const std::vector<MissingTime>& not_wanted,
                                       std::int64_t from_ms, std::int64_t to_ms);

// Bytes [begin, end) of another node's file.
struct MissingPart {
  FileRow row;
  std::uint64_t begin = 0, end = 0;

  // The approximate row of the part as a file of this node.
  FileRow as_row() const noexcept;
};
// The parts of files that touch the time, newest first; of a growing file only the part before own
// bytes: the rest is fetched when it is closed. all: the files here and elsewhere (merged_files()).
std::vector<MissingPart> missing_parts(const RecordedFiles& own, const RecordedFiles& all,
                                       const MissingTime& time);

// The marks around the bytes [begin, end) of a file: at most `most` bytes, but at least the bytes
// of one mark. first == last: none.
struct MarkRange {
  std::size_t first = 0, last = 0;
};
MarkRange marks_around(const FileIndex& index, std::uint64_t begin, std::uint64_t end,
                       std::uint64_t most);
// The marks around a part of a file, as marks_around(), without the first and the last one if they
// would bring more than kLongestSeamMs that this node has as well: the marks are another node's
// word, and what is fetched may replace what is here.
inline constexpr std::int64_t kLongestSeamMs = 10'000;
MarkRange marks_of_part(const FileIndex& index, const MissingPart& part, const RecordedFiles& own,
                        std::uint64_t most);
// Whether the times of an index are possible for a file of this name at this moment.
bool is_plausible(const FileIndex& index, const FileRow& row, std::int64_t now_ms);

}  // namespace lb
