// oEmbed: what a page of another site, or a tool that writes such pages, shows in the place of an
// address of a player's page.
// Thread: pure functions.
// Source: oembed.com, 1.0 (2.3.4.4, the type "rich").
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lb {

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
