// past_lists: what a list of the past holds, and where a segment is recorded.
//
// Thread: where reading may wait (ReaderPool).
// Bounds: 4,000 segments a list; the indexes of its files are read, and of one mount a dozen to find
// a segment.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "archive/kept_files.h"
#include "hls/media_playlist.h"
#include "hls/past_cut.h"
#include "hls/path.h"
#include "media/metadata.h"

namespace lb {

inline constexpr std::size_t kMaxPastSegments = 4000;

// The recorded files of a mount.
struct PastFiles {
  KeptFiles& kept;
  std::string dir, mount;
  std::shared_ptr<const RecordedFiles> files;

  std::shared_ptr<const ArchiveFile> open(std::size_t i) const {
    return kept.open(dir, mount, (*files)[i]);
  }
};

struct PastAskRange {
  std::int64_t from_ms = 0, to_ms = 0;  // Unix
  HlsListKind kind = HlsListKind::kSliding;
  std::size_t most = kMaxPastSegments;  // of a sliding list the newest, else the oldest
};

struct PastList {
  std::vector<HlsSegment> segments;
  std::string codecs;           // as of its first segment
  std::uint64_t bandwidth = 0;  // bit/s, of its largest segment
  std::string content_type;
};

// What a list asks for at `now_ms`.  length: of segments in a list that slides behind the present.
// cut_ms: of a segment.
PastAskRange past_range(const HlsPath& path, std::int64_t now_ms, std::size_t length,
                        std::uint32_t cut_ms);

PastList make_past_list(const PastFiles& past, const PastAskRange& range);

struct PastSegment {
  HlsSegment segment;
  std::vector<PastPart> parts;
  std::shared_ptr<const Metadata> title;  // null: none
};
std::optional<PastSegment> find_past_segment(const PastFiles& past, std::uint32_t stream,
                                             std::uint64_t sequence);

}  // namespace lb
