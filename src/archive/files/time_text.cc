#include "archive/files/time_text.h"

#include "base/cat.h"
#include "base/clock.h"
#include "base/strings.h"

namespace lb {
namespace {

constexpr std::int64_t kLastMs = std::int64_t{253'402'300'799} * 1000;
constexpr std::int64_t kLongestMs = kLastMs;

// "12", "12.5" → milliseconds; more than three places are cut off.
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

std::optional<unsigned> digits(std::string_view text, std::size_t at, std::size_t count) {
  if (text.size() < at + count) return std::nullopt;
  const auto value = parse_u64(text.substr(at, count));
  if (!value) return std::nullopt;
  return static_cast<unsigned>(*value);
}

std::optional<std::int64_t> date_ms(std::string_view text) {
  // 2026-11-21T20:00:00
  constexpr std::size_t kPlain = 19;
  if (text.size() < kPlain || (text[10] != 'T' && text[10] != 't' && text[10] != ' ') ||
      text[13] != ':' || text[16] != ':')
    return std::nullopt;
  const auto date = parse_day(text.substr(0, 10));
  const auto hour = digits(text, 11, 2), minute = digits(text, 14, 2), second = digits(text, 17, 2);
  if (!date || !hour || !minute || !second || *hour > 23 || *minute > 59 || *second > 60)
    return std::nullopt;
  std::int64_t ms = std::chrono::milliseconds(date->time_since_epoch()).count() +
                    ((std::int64_t{*hour} * 60 + *minute) * 60 + *second) * 1000;
  std::string_view rest = text.substr(kPlain);
  if (!rest.empty() && rest[0] == '.') {
    std::size_t end = 1;
    while (end < rest.size() && rest[end] >= '0' && rest[end] <= '9') ++end;
    const auto fraction = decimal_ms(cat({"0", rest.substr(0, end)}));
    if (!fraction) return std::nullopt;
    ms += *fraction;
    rest = rest.substr(end);
  }
  if (rest.empty() || rest == "Z" || rest == "z") return ms;
  // A '+' of a query has become a space on the way.
  const bool east = rest[0] == '+' || rest[0] == ' ';
  if (rest.size() != 6 || (!east && rest[0] != '-') || rest[3] != ':') return std::nullopt;
  const auto hours = digits(rest, 1, 2), minutes = digits(rest, 4, 2);
  if (!hours || !minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  const std::int64_t offset = (std::int64_t{*hours} * 60 + *minutes) * 60'000;
  return east ? ms - offset : ms + offset;
}

}  // namespace

std::optional<std::int64_t> parse_time(std::string_view text, std::int64_t now_ms) {
  text = trim(text);
  std::optional<std::int64_t> ms;
  if (text == "now")
    ms = now_ms;
  else if (text.starts_with('-')) {
    if (const auto back = parse_duration(text.substr(1))) ms = now_ms - *back;
  } else {
    ms = text.find('-') != std::string_view::npos ? date_ms(text) : decimal_ms(text);
  }
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
