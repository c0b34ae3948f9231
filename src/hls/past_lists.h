// past_lists: the content of recorded lists, from open files, and the place of a segment.
//
// Thread: where reading may wait (ReaderPool).
// Bounds: a list is of kMaxPastTime at most, and has kMaxPastSegments segments.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "archive/files/catalog.h"
#include "hls/media_playlist.h"
#include "hls/past_cut.h"
#include "hls/path.h"
#include "media/metadata.h"

namespace lb {

inline constexpr std::chrono::hours kMaxPastTime{24};
// A day of the shortest segments, 2 s, and of those cut by seams and pauses: about 5 MB of text.
inline constexpr std::size_t kMaxPastSegments = 45'000;

struct PastAskRange {
  std::int64_t from_ms = 0, to_ms = 0;  // Unix
  HlsListKind kind = HlsListKind::kSliding;
  std::size_t most = kMaxPastSegments;  // of a sliding list the newest, otherwise the oldest
  bool ended = false;                   // of an EVENT list: it has reached its longest length
  // Of a sliding list: its highest number, and the least number of segments after a gap; a player
  // begins with three.
  std::uint64_t last = ~std::uint64_t{0};
  std::size_t fewest = 3;
};

struct PastList {
  std::vector<HlsSegment> segments;
  PlaylistText text;            // for all players
  std::string codecs;           // those of its first segment
  std::uint64_t bandwidth = 0;  // bit/s, of its largest segment
  std::string content_type;
};

// The range of a list at `now_ms`. length: of a list that slides behind the present, in segments.
// cut_ms: of a segment.
PastAskRange past_range(const HlsPath& path, std::int64_t now_ms, std::size_t length,
                        std::uint32_t cut_ms);
// The recorded range before these segments of a live list, which its log holds. length: in
// segments.
PastAskRange range_before(std::span<const HlsSegment> held, std::int64_t now_ms,
                          std::size_t length);
// The range, limited to the longest list with the longest segments.
PastAskRange bounded(PastAskRange range);

// The files that may have a segment of this time: [first, second).
std::pair<std::size_t, std::size_t> files_of_range(const RecordedFiles& files, std::int64_t from_ms,
                                                   std::int64_t to_ms);
PastList make_past_list(const PastCut& cut, const PastAskRange& range);
// Sets the codecs and type from `front`, the first part of the first segment, if its bytes are
// here.
void describe_past_list(PastList& list, const PastPart& front);

struct PastSegment {
  HlsSegment segment;
  std::vector<PastPart> parts;
  std::shared_ptr<const Metadata> title;  // null: none
};
std::optional<PastSegment> find_past_segment(const PastCut& cut, std::uint32_t stream,
                                             std::uint64_t sequence);

// The number of the first unit of a file; nullopt: no unit.
std::optional<std::uint64_t> first_number(const ArchiveFile& file);

}  // namespace lb
