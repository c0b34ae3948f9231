// same_format(): whether a player of one content type plays another.
// Thread: pure.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "base/strings.h"
#include "media/framer.h"

namespace lb {

// One framer reads MPEG audio and AAC, but an MP3 player need not play AAC.
inline bool is_adts_type(std::string_view type) {
  return type.find("aac") != std::string_view::npos || type.find("adts") != std::string_view::npos;
}

// The value of "codecs" behind the type, in lower case and without quotes; "": none.
inline std::string codecs_of(std::string_view type) {
  constexpr std::string_view kCodecs = "codecs=", kOutside = "\" \t";
  for (const std::string_view part : split(type, ';')) {
    const std::string_view one = trim(part);
    if (!iequals(one.substr(0, kCodecs.size()), kCodecs)) continue;
    std::string_view value = one.substr(kCodecs.size());
    value.remove_prefix(std::min(value.find_first_not_of(kOutside), value.size()));
    value = value.substr(0, value.find_last_not_of(kOutside) + 1);
    return to_lower(value);
  }
  return {};
}

// A format has several names: application/ogg and audio/ogg, audio/aac and audio/aacp; one that
// does not name its codecs may have any.  Types without a framer: only the same text.
inline bool same_format(std::string_view a, std::string_view b) {
  if (a == b) return true;
  const std::string codecs = codecs_of(a), others = codecs_of(b);
  if (!codecs.empty() && !others.empty() && codecs != others) return false;
  const FramerPlugin& plugin = framer_for(a);
  return !plugin.types.empty() && plugin.name == framer_for(b).name &&
         is_adts_type(a) == is_adts_type(b);
}

}  // namespace lb
