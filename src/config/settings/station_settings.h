// <station>, and its record: what listeners know as one programme, and its streams; <player>: the
// pages on which they are heard; <art>: pictures of their titles.
// Thread: immutable once loaded.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace lb {

struct PlayerLink {
  std::string name, url;
  friend bool operator==(const PlayerLink&, const PlayerLink&) = default;
};

struct StationSettings {
  std::string id;                             // [a-z0-9_]
  std::string name, description, url, genre;  // "": what the encoder says
  std::string timezone = "UTC";
  std::string logo;                    // a path of this server; "": none
  std::string default_art;             // likewise: of titles without a picture of their own
  std::string colour;                  // "#rrggbb"; "": the page's own
  std::vector<std::string> mounts;     // the first one is played where none is asked for
  std::vector<std::string> languages;  // of its page; empty: those of <player>
  std::vector<PlayerLink> links;       // below it; likewise
  friend bool operator==(const StationSettings&, const StationSettings&) = default;
};

// The same as a record of the store.
struct StationRecord : StationSettings {
  std::string account;  // it shows mounts of this account only; "": an administrator's, any mount
  friend bool operator==(const StationRecord&, const StationRecord&) = default;
};

struct PlayerSettings {
  bool enabled = true;
  bool past = true;                // what is recorded can be gone back to
  std::vector<std::string> embed;  // origins that may show it in a frame; empty: all, "off": none
  std::vector<std::string>
      languages;  // that are offered, the first one where none fits; empty: all
  std::vector<PlayerLink> links;
};

struct ArtSettings {
  std::vector<std::string> fetch;  // hosts of pictures that streams name; "*.host": all below it
};

// Letters a to z, digits and '_', 64 at most.
bool is_station_id(std::string_view id) noexcept;
// "#rrggbb"
bool is_colour(std::string_view text) noexcept;
// "https://www.example.org", with a port or "*." where wanted, and nothing else: it becomes part of
// a header line.
bool is_framing_site(std::string_view text) noexcept;
bool is_offered(const PlayerLink& link) noexcept;
// One of those that pages of streams are written in: "en", "de" …
bool is_player_language(std::string_view text) noexcept;
inline constexpr std::string_view kPlayerLanguages = "en, de, fr, es and pt";
// "covers.example.org", "*.example.org"
bool is_picture_host(std::string_view text) noexcept;
inline constexpr std::size_t kMaxPlayerLinks = 5;

}  // namespace lb
