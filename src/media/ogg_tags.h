// Vorbis comments: the titles inside Ogg streams (Vorbis, Opus, FLAC, Speex, Theora).
// Source: "Ogg Vorbis I format specification: comment field and header specification".
//
// Thread: pure.
// Errors: none; a list that breaks off gives what was read before.
#pragma once

#include <string>
#include <string_view>

#include "media/bytes.h"
#include "media/metadata.h"

namespace lb {

struct OggTags {
  std::string_view vendor;  // views into the bytes that were given
  std::string_view artist;  // the first of its name; names match without case
  std::string_view title;
};
OggTags read_ogg_tags(ByteSpan comments);

// Artist and title apart, as clean UTF-8 of at most 4080 bytes each.
Metadata metadata_of(const OggTags& tags);

}  // namespace lb
