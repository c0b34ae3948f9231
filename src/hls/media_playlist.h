// The media playlist of a stream: its segments, live or recorded.
// Source: RFC 8216 section 4.3; EXT-X-VERSION 3 for durations with decimals.
// Thread: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hls/cut.h"

namespace lb {

// Titles in a media playlist: EXT-X-DATERANGE of the class org.icecast.title, each from its first
// sound to the next title.
struct HlsTitle {
  std::string id;  // the same at all nodes; of titles with one id the last is used
  std::int64_t wall_ms = 0;
  std::string artist, title;  // UTF-8; "": none
  std::string art = {};       // the path of its picture; "": none
};

inline constexpr std::string_view kHlsListType = "application/vnd.apple.mpegurl";

enum class HlsListKind : std::uint8_t {
  kSliding,  // segments come and go
  kEvent,    // segments are only added
  kWhole,    // segments do not change
};

// The list without a query, which may differ for each player.
struct PlaylistText {
  std::string text;
  std::vector<std::size_t> name_ends;  // of the segments' names, in the text
};
// segments: in the order of time, not empty; numbered without a gap, as from HlsCut::newest(),
// unless the list never loses one.  ended: no segment follows, also in an EVENT list.
PlaylistText playlist_text(std::span<const HlsSegment> segments,
                           HlsListKind kind = HlsListKind::kSliding, bool ended = false);
// The list with the titles that begin within its segments, and the one before them. titles: the
// oldest first.  An encoder's text is quoted, and cannot end its quotes.
PlaylistText with_titles(PlaylistText list, std::span<const HlsSegment> segments,
                         std::span<const HlsTitle> titles);
// query: for the segments' addresses, without '?'; "": none.
std::string with_query(const PlaylistText& list, std::string_view query);

// The text with a query, in pieces, so that a long one is not in memory for each player.
class PlaylistPieces {
 public:
  // list outlives it.
  PlaylistPieces(const PlaylistText& list, std::string query);
  std::uint64_t size() const noexcept;
  // About `bytes` bytes, up to a line more; "": the end.
  std::string next(std::size_t bytes);

 private:
  const PlaylistText& list_;
  const std::string query_;
  std::size_t at_ = 0;    // of the text
  std::size_t name_ = 0;  // the first unsent one
};

// "4f2a01c1-598386000.mp3", relative to the list.
std::string segment_name(const HlsSegment& segment);

}  // namespace lb
