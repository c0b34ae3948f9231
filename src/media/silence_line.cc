#include "media/silence_line.h"

#include <cmath>

#include "base/strings.h"

namespace lb {
namespace {

// The number, if it is the whole text; nullopt: it is not.
std::optional<double> seconds_in(std::string_view text) {
  const auto value = parse_whole<double>(text);
  if (!value || !(std::abs(*value) <= SilenceLine::kMax)) return std::nullopt;  // also refuses NaN
  return value;
}

// The text after `word`; nullopt: the text does not begin with it.
std::optional<std::string_view> behind(std::string_view text, std::string_view word) {
  if (!text.starts_with(word)) return std::nullopt;
  return text.substr(word.size());
}

}  // namespace

std::optional<SilenceLine> parse_silence_line(std::string_view line) {
  if (!line.starts_with("[silencedetect @ ")) return std::nullopt;
  const std::size_t end = line.find("] ");
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view words = line.substr(end + 2);
  if (const auto from = behind(words, "silence_start: ")) {
    if (!seconds_in(*from)) return std::nullopt;
    return SilenceLine{true, 0};
  }
  const auto until = behind(words, "silence_end: ");
  if (!until) return std::nullopt;
  const std::size_t bar = until->find(" | ");
  if (bar == std::string_view::npos || !seconds_in(until->substr(0, bar))) return std::nullopt;
  const auto duration = behind(until->substr(bar + 3), "silence_duration: ");
  const auto lasted = duration ? seconds_in(*duration) : std::nullopt;
  if (!lasted || *lasted < 0) return std::nullopt;
  return SilenceLine{false, *lasted};
}

}  // namespace lb
