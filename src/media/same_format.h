// same_format(): whether a player of one content type plays another.
// Thread: pure.
#pragma once

#include <string_view>

#include "media/framer.h"

namespace lb {

// One framer reads MPEG audio and AAC, but an MP3 player need not play AAC.
inline bool is_adts_type(std::string_view type) {
  return type.find("aac") != std::string_view::npos || type.find("adts") != std::string_view::npos;
}

// A format has several names: application/ogg and audio/ogg, audio/aac and audio/aacp.  Types
// without a framer: only the same text.
inline bool same_format(std::string_view a, std::string_view b) {
  if (a == b) return true;
  const FramerPlugin& plugin = framer_for(a);
  return !plugin.types.empty() && plugin.name == framer_for(b).name &&
         is_adts_type(a) == is_adts_type(b);
}

}  // namespace lb
