// same_format(): whether a player of one content type plays another.
// Thread: pure.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "base/strings.h"
#include "media/framer.h"

namespace lb {

// One framer reads MPEG audio and AAC, but an MP3 player need not play AAC.
inline bool is_adts_type(std::string_view type) {
  return type.find("aac") != std::string_view::npos || type.find("adts") != std::string_view::npos;
}

// The names behind "codecs=", in lower case.
inline std::set<std::string> codecs_of(std::string_view type) {
  constexpr std::string_view kCodecs = "codecs=";
  std::set<std::string> codecs;
  for (const std::string_view part : split(type, ';')) {
    const std::string_view one = trim(part);
    if (!iequals(one.substr(0, kCodecs.size()), kCodecs)) continue;
    std::string names = to_lower(one.substr(kCodecs.size()));
    std::erase(names, '"');
    for (const std::string_view name : split(names, ','))
      if (!trim(name).empty()) codecs.emplace(trim(name));
  }
  return codecs;
}

// A format has several names: application/ogg and audio/ogg, audio/aac and audio/aacp; one that
// does not name its codecs may have any.  Types without a framer: only the same text.
inline bool same_format(std::string_view a, std::string_view b) {
  if (a == b) return true;
  const FramerPlugin& plugin = framer_for(a);
  if (plugin.types.empty() || plugin.name != framer_for(b).name ||
      is_adts_type(a) != is_adts_type(b))
    return false;
  if (plugin.name == "mpeg") return true;  // each frame tells its own format
  const auto codecs = codecs_of(a), others = codecs_of(b);
  return codecs.empty() || others.empty() || codecs == others;
}

}  // namespace lb
