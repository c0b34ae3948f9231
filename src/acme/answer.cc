#include "acme/answer.h"

#include <algorithm>

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
