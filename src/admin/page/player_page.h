// The player's page of a stream or a station, /listen/MOUNT, and the files that it loads.  It works
// without scripts: the browser's own controls play the stream, and the title is the one at the time
// of the request.
//
// Thread: constant data, pure functions.
// Text: names and titles come from encoders; printing makes them valid and escapes them.
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

// From the configuration: a complete https address.
struct PageLink {
  std::string name, url;
};

struct PlayerFacts {
  std::string name;  // "": the mount's name
  std::string about, genre, title;
  bool on_air = true;
  bool needs_login = false;
  bool past = true;                   // the player offers the recorded past
  bool embedded = false;              // the page is in a frame of another site
  bool offers_frame = true;           // other sites may show the page in a frame
  std::string address;                // the page's complete address, for oEmbed
  std::string now;                    // the address of the feed with the present title
  std::string logo;                   // a path of this server; "": none
  std::string sheet;                  // the sheet with the station's colour; "": none
  std::vector<PlayerStream> streams;  // the requested mount, then its alternatives
  std::vector<PageLink> links;        // shown below the player
};

std::string player_page(const PlayerFacts& facts, const PlayerTexts& texts);

// The sheet for a station's colour "#rrggbb".  Text on it is black or white, whichever has more
// contrast: at least 4.5.
// Source: WCAG 2.2, relative luminance.
std::string colour_sheet(std::string_view colour);

struct PlayerFile {
  std::string_view bytes;
  std::string_view content_type;
};
// nullopt: not a file of the page.
std::optional<PlayerFile> player_file(std::string_view path);

// oEmbed: the frame that other sites show for the address of a player's page.
// Source: oembed.com, 1.0 (2.3.4.4, the type "rich").
inline constexpr std::string_view kOembedPath = "/oembed";

// The parts of a page's address; its host has only characters of a host and a port.
struct PlayerAddress {
  std::string scheme, host;
  std::string mount;  // decoded
};
// "https://radio.example.org/listen/live.mp3?x=y"; nullopt: not the address of a player's page.
std::optional<PlayerAddress> parse_player_address(std::string_view url);
std::string to_text(const PlayerAddress& address);
// Whether the host has at most 255 characters, all of them allowed in a Host line.
bool is_plain_host(std::string_view host) noexcept;

// Limits in pixels; 0: no limit.
struct OembedLimits {
  std::uint64_t width = 0, height = 0;
};
// name: as sent by the encoder.
std::string oembed_json(const PlayerAddress& page, std::string_view name, OembedLimits most);
std::string oembed_xml(const PlayerAddress& page, std::string_view name, OembedLimits most);

}  // namespace lb
