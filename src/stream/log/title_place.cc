#include "stream/log/title_place.h"

#include "base/cat.h"
#include "base/strings.h"
#include "media/icy.h"

namespace lb {

std::string print_title_place(const TitlePlace& place) {
  if (!place.at) return {};
  std::string text = print_address(*place.at);
  if (place.wall_ms) text += cat({" ", *place.wall_ms});
  return text;
}

std::optional<TitlePlace> parse_title_place(std::string_view text) noexcept {
  TitlePlace place;
  const std::size_t blank = text.find(' ');
  place.at = parse_address(text.substr(0, blank));
  if (!place.at) return std::nullopt;
  if (blank == std::string_view::npos) return place;
  place.wall_ms = parse_whole<std::int64_t>(text.substr(blank + 1));
  if (!place.wall_ms || *place.wall_ms < 0) return std::nullopt;
  return place;
}

std::optional<TitlePlace> place_in_block(const Metadata& title) {
  if (title.placed_block.empty()) return std::nullopt;
  const auto text = parse_icy_text(std::string_view(title.placed_block).substr(1));
  return text ? parse_title_place(text->place) : std::nullopt;
}

}  // namespace lb
