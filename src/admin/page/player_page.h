// The page on which a stream or a station is listened to, /listen/MOUNT, and the files that it
// loads.  It works without scripts: the browser's own controls play the stream, and the title is
// the one of the moment in which the page was made.
//
// Thread: constant data, pure functions.
// Text: names and titles are what encoders say; printing makes them valid and escapes them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/page/player_texts.h"

namespace lb {

inline constexpr std::string_view kPlayerPath = "/listen";  // in front of the name of a mount

struct PlayerStream {
  std::string mount;  // decoded
  std::string type;   // "audio/mpeg"; "": not known yet
  std::string kbps;   // "": not known
};

// As the configuration has it: whole and of https.
struct PageLink {
  std::string name, url;
};

struct PlayerFacts {
  std::string name;  // "": the mount's
  std::string about, genre, title;
  bool on_air = true;
  bool needs_login = false;
  bool past = true;                   // what is recorded can be gone back to
  bool embedded = false;              // in a frame of another site
  bool offers_frame = true;           // other sites may show it so
  std::string address;                // of the page, whole, for oEmbed
  std::string now;                    // where what plays is told
  std::string logo;                   // a path of this server; "": none
  std::string sheet;                  // that of the station's colour; "": none
  std::vector<PlayerStream> streams;  // the mount that was asked for, then others of the same
  std::vector<PageLink> links;        // below it
};

std::string player_page(const PlayerFacts& facts, const PlayerTexts& texts);

// The sheet of a station's colour, "#rrggbb": what stands on it is black or white, whichever has
// more contrast; that is 4.5 at least.
// Source: WCAG 2.2, relative luminance.
std::string colour_sheet(std::string_view colour);

struct PlayerFile {
  std::string_view bytes;
  std::string_view content_type;
};
// nullopt: the page loads nothing of this address.
std::optional<PlayerFile> player_file(std::string_view path);

}  // namespace lb
