#include "base/shown_time.h"

#include "base/clock.h"
#include "base/strings.h"

namespace lb {
namespace {

// Takes one character of `before` and a number of two digits, at most `most`.
std::optional<std::int64_t> take_part(std::string_view& text, std::string_view before,
                                      std::uint64_t most) {
  if (text.size() < 3 || before.find(text[0]) == std::string_view::npos) return std::nullopt;
  const auto value = parse_u64(text.substr(1, 2));
  if (!value || *value > most) return std::nullopt;
  text.remove_prefix(3);
  return static_cast<std::int64_t>(*value);
}

// Takes a fraction of a second: ".5" is 500.  It has up to nine digits, of which three count.
std::optional<std::int64_t> take_fraction(std::string_view& text) {
  std::int64_t ms = 0, weight = 100;
  std::size_t at = 1;
  for (; at < text.size() && is_digit(text[at]); ++at, weight /= 10)
    ms += (text[at] - '0') * weight;
  if (at == 1 || at > 10) return std::nullopt;
  text.remove_prefix(at);
  return ms;
}

}  // namespace

std::optional<ShownTime> parse_shown_time(std::string_view text) {
  const auto day = parse_day(text.substr(0, 10));
  if (!day) return std::nullopt;
  text.remove_prefix(10);
  const auto hour = take_part(text, "Tt ", 23), minute = take_part(text, ":", 59);
  if (!hour || !minute) return std::nullopt;
  ShownTime time{((day->time_since_epoch().count() * 24 + *hour) * 60 + *minute) * 60'000, {}};
  if (text.starts_with(':')) {
    const auto second = take_part(text, ":", 60);
    const auto ms = text.starts_with('.') ? take_fraction(text) : 0;
    if (!second || !ms) return std::nullopt;
    time.ms += *second * 1000 + *ms;
  }
  if (text.empty()) return time;
  time.offset_ms = 0;
  if (text == "Z" || text == "z") return time;
  const bool west = text[0] == '-';
  const auto hours = take_part(text, "+- ", 23), minutes = take_part(text, ":", 59);
  if (!hours || !minutes || !text.empty()) return std::nullopt;
  time.offset_ms = (*hours * 60 + *minutes) * (west ? -60'000 : 60'000);
  return time;
}

}  // namespace lb
