#include "acme/answer.h"

#include <algorithm>
#include <ctime>

#include "base/encoding.h"
#include "base/strings.h"
#include "http/message.h"

namespace lb {
namespace {

constexpr std::chrono::seconds kLongest = std::chrono::days(30);
constexpr std::size_t kTextBytes = 300;

}  // namespace

std::chrono::seconds retry_after_of(const FetchAnswer& answer, WallTime now) {
  const std::string_view text = answer.header("Retry-After");
  std::chrono::seconds time{0};
  if (const auto seconds = parse_u64(text))
    time = std::chrono::seconds(std::min<std::uint64_t>(*seconds, 2 * kLongest.count()));
  else if (const auto date = parse_http_date(text))
    time = std::chrono::ceil<std::chrono::seconds>(*date - now);
  return time > std::chrono::seconds(0) && time <= kLongest ? time : std::chrono::seconds(0);
}

std::optional<WallTime> parse_utc_text(std::string_view text) {
  constexpr std::size_t kLongestTime = 40;
  if (text.size() > kLongestTime) return std::nullopt;
  const std::string whole(text);
  std::tm parts{};
  const char* rest = ::strptime(whole.c_str(), "%Y-%m-%dT%H:%M", &parts);
  if (rest == nullptr) return std::nullopt;
  if (*rest == ':') rest = ::strptime(rest, ":%S", &parts);
  if (rest == nullptr) return std::nullopt;
  if (*rest == '.') do
      ++rest;
    while (*rest >= '0' && *rest <= '9');
  long offset = 0;  // in seconds
  if (*rest == 'Z' || *rest == 'z') {
    ++rest;
  } else {
    std::tm ahead{};
    const bool is_behind = *rest == '-';
    if (*rest != '+' && *rest != '-') return std::nullopt;
    rest = ::strptime(rest + 1, "%H:%M", &ahead);
    offset = (ahead.tm_hour * 60L + ahead.tm_min) * (is_behind ? -60 : 60);
  }
  if (rest == nullptr || *rest != '\0') return std::nullopt;
  return wall_time(::timegm(&parts) - offset);
}

std::string cleaned_text(std::string_view text) {
  std::string clean;
  while (!text.empty()) {
    const std::size_t bytes = utf8_char(text);
    if (clean.size() + std::max<std::size_t>(bytes, 1) > kTextBytes) break;
    const auto first = static_cast<unsigned char>(text.front());
    const bool is_control =
        first < 0x20 || first == 0x7f ||
        (first == 0xc2 && bytes == 2 && static_cast<unsigned char>(text[1]) < 0xa0);
    if (bytes > 0 && !is_control) clean += text.substr(0, bytes);
    text.remove_prefix(std::max<std::size_t>(bytes, 1));
  }
  return clean;
}

}  // namespace lb
