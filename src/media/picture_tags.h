// Pictures in the tags of streams: METADATA_BLOCK_PICTURE of Vorbis comments and PICTURE of FLAC,
// APIC of ID3v2.
//
// A front cover is preferred to the first picture.
// Thread: pure functions.
// Errors: none; a truncated tag, or one with a wrong length, has no picture.
// Source: RFC 9639 section 8.8; "VorbisComment: METADATA_BLOCK_PICTURE" of the Xiph wiki;
// id3.org: ID3v2.2, 2.3.0 and 2.4.0.
#pragma once

#include <string>
#include <string_view>

#include "media/bytes.h"

namespace lb {

struct StreamPicture {
  std::string song;   // "Artist - Title" of its song; "": the present title
  std::string bytes;  // any; "": none
};

// The body of a PICTURE block, without the head of the block.
struct PictureBlock {
  unsigned type = 0;
  std::string_view bytes;  // a view into the block; "": none
};
PictureBlock read_picture_block(ByteSpan block);

// All values of METADATA_BLOCK_PICTURE, in base64.
std::string picture_in_comments(ByteSpan comments);
// A whole tag, from "ID3" on.
StreamPicture picture_in_id3(ByteSpan tag);

}  // namespace lb
