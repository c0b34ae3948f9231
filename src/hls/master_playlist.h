// The master playlist: the streams of one programme, each with its addresses.
// Source: RFC 8216 sections 4.3.4.2 and 6.3.1 (redundant streams); RFC 6381 (codecs).
// Thread: pure functions.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "media/bytes.h"

namespace lb {

struct HlsVariant {
  std::uint64_t bandwidth = 0;         // bit/s, the highest of any segment
  std::string codecs;                  // "": unknown
  std::vector<std::string> addresses;  // of its list, the best first; the others are its spares
};

// REQUIRES: no address has a line break
std::string master_playlist(std::span<const HlsVariant> variants);

// "mp4a.40.34" for MP3; for AAC by the header of a frame, otherwise by the content type.
// frame: the bytes of a first frame; empty: not seen here.
std::string hls_codecs(ByteSpan frame, std::string_view content_type);

}  // namespace lb
