// The head of a packed segment: an ID3v2.4 tag with its timestamp, its title, the artist and the
// address of the picture.
// Source: RFC 8216 section 3.4; id3.org, ID3v2.4 structure and frames.
// Thread: pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace lb {

// timestamp: 33 bits of a clock of 90 kHz.  title, artist: UTF-8; "": none; of long ones the first
// 1024 bytes.  The title is that of other streams, with its artist.  picture: a path of this
// server, ASCII.
std::string id3_head(std::uint64_t timestamp, std::string_view title, std::string_view artist = {},
                     std::string_view picture = {});

}  // namespace lb
