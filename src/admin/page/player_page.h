// The page on which a stream or a station is listened to, /listen/MOUNT, and the files that it
// loads.  It works without scripts: the browser's own controls play the stream, and the title is
// the one of the moment in which the page was made.
//
// Thread: constant data, pure functions.
// Text: names and titles are what encoders say; printing makes them valid and escapes them.
#pragma once

#include <cstdint>
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

// oEmbed: what a page of another site, or a tool that writes such pages, shows in the place of an
// address of a player's page.
// Source: oembed.com, 1.0 (2.3.4.4, the type "rich").
inline constexpr std::string_view kOembedPath = "/oembed";

// An address of a page, in parts; its host holds nothing that is not of a host and a port.
struct PlayerAddress {
  std::string scheme, host;
  std::string mount;  // decoded
};
// "https://radio.example.org/listen/live.mp3?x=y"; nullopt: it is no address of such a page.
std::optional<PlayerAddress> parse_player_address(std::string_view url);
std::string to_text(const PlayerAddress& address);
// Those characters that a Host line may have, 255 at most.
bool is_plain_host(std::string_view host) noexcept;

// In pixels; 0: no limit.
struct OembedLimits {
  std::uint64_t width = 0, height = 0;
};
// name: what encoders say.
std::string oembed_json(const PlayerAddress& page, std::string_view name, OembedLimits most);
std::string oembed_xml(const PlayerAddress& page, std::string_view name, OembedLimits most);

}  // namespace lb
