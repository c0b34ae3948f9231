// The head of a packed segment: an ID3v2.4 tag with its timestamp, its title, the artist and the
// address of the picture.
// Source: RFC 8216 section 3.4; id3.org, ID3v2.4 structure and frames.
// Thread: pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace lb {

// timestamp: 33 bits of a 90 kHz clock. title, artist: UTF-8; "": none; cut after 1024 bytes.
// picture: a path of this server, ASCII.
std::string id3_head(std::uint64_t timestamp, std::string_view title, std::string_view artist = {},
                     std::string_view picture = {});

}  // namespace lb
