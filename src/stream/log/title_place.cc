#include "stream/log/title_place.h"

#include <charconv>

#include "base/cat.h"

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
  const std::string_view wall = text.substr(blank + 1);
  std::int64_t ms = 0;
  const auto [end, fault] = std::from_chars(wall.data(), wall.data() + wall.size(), ms);
  if (fault != std::errc() || end != wall.data() + wall.size() || ms < 0) return std::nullopt;
  place.wall_ms = ms;
  return place;
}

}  // namespace lb
