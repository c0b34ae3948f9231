// The reports of /api/v1/audience that <report> may name: the last parts of their addresses, and
// the parts of their files' names.
// Thread: constants, pure functions.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "base/strings.h"

namespace lb {

inline constexpr std::array<std::string_view, 13> kAudienceReports{
    "songs",    "playlist",  "soundexchange", "soundexchange-incomplete",
    "npr",      "triton",    "summary",       "hours",
    "sessions", "countries", "players",       "titles",
    "usage"};

// An account, a mount or a time.
inline std::string file_name_part(std::string_view text) {
  std::string part;
  for (const char c : text) {
    const bool plain = is_plain_char(c, ".-_");
    if (plain || !part.empty()) part += plain ? c : '-';
  }
  return part;
}

// The service in the name of soundexchange's file.
inline std::string service_name_part(std::string_view service) {
  std::string part;
  for (const char c : service)
    if (is_alphanumeric(c)) part += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return part;
}

}  // namespace lb
