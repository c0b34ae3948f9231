#include "archive/files/time_text.h"

#include "base/clock.h"
#include "base/shown_time.h"
#include "base/strings.h"

namespace lb {
namespace {

constexpr std::int64_t kLastMs = std::int64_t{253'402'300'799} * 1000;
constexpr std::int64_t kLongestMs = kLastMs;

// Reads "12" or "12.5" seconds as milliseconds; digits after the third decimal are dropped.
std::optional<std::int64_t> decimal_ms(std::string_view text) {
  const std::size_t point = std::min(text.find('.'), text.size());
  const auto whole = parse_u64(text.substr(0, point));
  if (!whole || *whole > static_cast<std::uint64_t>(kLastMs / 1000)) return std::nullopt;
  std::int64_t ms = static_cast<std::int64_t>(*whole) * 1000;
  if (point == text.size()) return ms;
  const std::string_view places = text.substr(point + 1);
  if (places.empty() || places.size() > 9) return std::nullopt;
  std::int64_t weight = 100;
  for (const char c : places) {
    if (c < '0' || c > '9') return std::nullopt;
    ms += (c - '0') * weight;
    weight /= 10;
  }
  return ms;
}

}  // namespace

std::optional<std::int64_t> parse_time(std::string_view text, std::int64_t now_ms) {
  text = trim(text);
  std::optional<std::int64_t> ms;
  if (text == "now")
    ms = now_ms;
  else if (text.starts_with('-')) {
    if (const auto back = parse_duration(text.substr(1))) ms = now_ms - *back;
  } else if (text.find('-') == std::string_view::npos)
    ms = decimal_ms(text);
  else if (const auto shown = parse_shown_time(text))
    ms = shown->utc_ms();
  if (!ms || *ms < 0 || *ms > kLastMs) return std::nullopt;
  return ms;
}

std::optional<std::int64_t> parse_duration(std::string_view text) {
  text = trim(text);
  std::int64_t factor = 1;
  if (!text.empty()) {
    switch (text.back()) {
      case 's':
        break;
      case 'm':
        factor = 60;
        break;
      case 'h':
        factor = 3600;
        break;
      case 'd':
        factor = 86'400;
        break;
      default:
        factor = 0;
    }
    if (factor > 0) text.remove_suffix(1);
  }
  const auto ms = decimal_ms(text);
  if (!ms) return std::nullopt;
  factor = std::max<std::int64_t>(factor, 1);
  if (*ms > kLongestMs / factor) return std::nullopt;
  return *ms * factor;
}

std::string compact_time(std::int64_t ms) {
  std::string text = utc_text(ms, UtcForm::kSecond);
  std::erase_if(text, [](char c) { return c < '0' || c > '9'; });
  return text.insert(8, "-");
}

}  // namespace lb
