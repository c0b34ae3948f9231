// The words of the player's page in each of its languages.
// Thread: constant data, pure functions.
// Source: RFC 9110, 12.5.4 (Accept-Language).
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace lb {

struct PlayerTexts {
  std::string_view language;  // "en": also the page's own lang
  std::string_view page;      // the page's title, after the stream's name
  std::string_view play, pause, mute, volume, quality, played;
  std::string_view connecting, lost, format, login, off_air, closed, full, busy, playlist, keys;
  std::string_view back, far_back, live, resume, gone, place;  // for the past
  std::string_view share, copied, sleep, never, minutes;
};

std::span<const PlayerTexts> player_texts();
// The reader's best language by quality and then by order; if none matches, English, or the first
// of `offered`.  Regions are ignored: "de-AT" is "de".  offered: the languages to choose from;
// empty: all.
const PlayerTexts& player_texts_for(std::string_view accept_language,
                                    std::span<const std::string> offered = {});

}  // namespace lb
