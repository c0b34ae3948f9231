// The media playlist of a stream: which segments there are, now or of its past.
// Source: RFC 8216 section 4.3; EXT-X-VERSION 3 for durations with decimals.
// Thread: pure functions.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "hls/cut.h"

namespace lb {

inline constexpr std::string_view kHlsListType = "application/vnd.apple.mpegurl";

enum class HlsListKind : std::uint8_t {
  kSliding,  // segments come and go
  kEvent,    // … and stay
  kWhole,    // and no more come
};

// segments: in the order of time, not empty; numbered without a gap, as HlsCut::newest() gives
// them, unless the list never loses one.  query: of the segments' addresses, without '?'; "": none.
std::string media_playlist(std::span<const HlsSegment> segments, std::string_view query,
                           HlsListKind kind = HlsListKind::kSliding);

// "4f2a01c1-598386000.mp3", relative to the list.
std::string segment_name(const HlsSegment& segment);
// "2026-11-21T13:38:29.123Z"
std::string date_time_of(std::int64_t unix_ms);

}  // namespace lb
