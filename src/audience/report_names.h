// The reports of /api/v1/audience that <report> may name: the last parts of their addresses.
// Thread: constants.
#pragma once

#include <array>
#include <string_view>

namespace lb {

inline constexpr std::array<std::string_view, 13> kAudienceReports{
    "songs",    "playlist",  "soundexchange", "soundexchange-incomplete",
    "npr",      "triton",    "summary",       "hours",
    "sessions", "countries", "players",       "titles",
    "usage"};

}  // namespace lb
