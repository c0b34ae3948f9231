// The page on which a stream is listened to, /listen/MOUNT, and the two files that it loads.  It
// works without scripts: the browser's own controls play the stream, and the title is the one of
// the moment in which the page was made.
//
// Thread: constant data, pure functions.
// Text: names and titles are what encoders say; printing makes them valid and escapes them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/player_texts.h"

namespace lb {

inline constexpr std::string_view kPlayerPath = "/listen";  // in front of the name of a mount

struct PlayerStream {
  std::string mount;  // decoded
  std::string type;   // "audio/mpeg"; "": not known yet
  std::string kbps;   // "": not known
};

struct PlayerFacts {
  std::string name;  // "": the mount's
  std::string about, genre, title;
  bool on_air = true;
  bool needs_login = false;
  bool embedded = false;              // in a frame of another site
  std::string address;                // of the page, whole, for oEmbed
  std::vector<PlayerStream> streams;  // the mount that was asked for, then others of the same
};

std::string player_page(const PlayerFacts& facts, const PlayerTexts& texts);

struct PlayerFile {
  std::string_view bytes;
  std::string_view content_type;
};
// nullopt: the page loads nothing of this address.
std::optional<PlayerFile> player_file(std::string_view path);

}  // namespace lb
