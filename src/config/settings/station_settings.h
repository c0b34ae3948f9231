// <station>, and its record: a programme with its streams; <player>: its pages; <art>: pictures of
// titles.
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
  std::string name, description, url, genre;  // "": from the encoder
  std::string timezone = "UTC";
  std::string logo;                    // a path of this server; "": none
  std::string default_art;             // … for titles without a picture
  std::string colour;                  // "#rrggbb"; "": the page's own
  std::vector<std::string> mounts;     // the first one is the default
  std::vector<std::string> languages;  // of its page; empty: those of <player>
  std::vector<PlayerLink> links;       // below the player; the same
  friend bool operator==(const StationSettings&, const StationSettings&) = default;
};

// The same as a record of the store.
struct StationRecord : StationSettings {
  std::string account;  // it shows only mounts of this account; "": an administrator's, any mount
  bool may_show(std::string_view account_of_mount) const noexcept {
    return account.empty() || account == account_of_mount;
  }
  friend bool operator==(const StationRecord&, const StationRecord&) = default;
};

struct PlayerSettings {
  bool enabled = true;
  bool past = true;                // listeners may go back to recordings
  std::vector<std::string> embed;  // origins that may frame it; empty: all, "off": none
  std::vector<std::string>
      languages;  // available on the page; the first without a matching one; empty: all
  std::vector<PlayerLink> links;
};

struct ArtSettings {
  std::vector<std::string> fetch;  // hosts of pictures named by streams; "*.host": all below it
};

// Letters a to z, digits and '_', 64 at most.
bool is_station_id(std::string_view id) noexcept;
// "#rrggbb"
bool is_colour(std::string_view text) noexcept;
// "https://www.example.org", optionally with a port or "*.": it becomes part of a header line.
bool is_framing_site(std::string_view text) noexcept;
bool is_offered(const PlayerLink& link) noexcept;
// Whether the pages have this language: "en", "de" …
bool is_player_language(std::string_view text) noexcept;
inline constexpr std::string_view kPlayerLanguages = "en, de, fr, es and pt";
// "covers.example.org", "*.example.org"
bool is_picture_host(std::string_view text) noexcept;
inline constexpr std::size_t kMaxPlayerLinks = 5;

}  // namespace lb
