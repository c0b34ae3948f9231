// Titles in a media playlist: EXT-X-DATERANGE of the class org.icecast.title, each from the moment
// at which it sounds to the next one.
// Source: RFC 8216 section 4.3.2.7.
// Thread: pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "hls/cut.h"

namespace lb {

struct HlsTitle {
  std::string id;  // by which all nodes name it; of titles with the same one the last counts
  std::int64_t wall_ms = 0;
  std::string artist, title;  // UTF-8; "": none
  std::string art = {};       // the path of its picture; "": none
};

// The list with those titles that begin within its segments, and the one before them.
// titles: the oldest first.  What an encoder writes stands in quotes, which it cannot end.
std::string with_titles(std::string list, std::span<const HlsSegment> segments,
                        std::span<const HlsTitle> titles);

}  // namespace lb
