#include "http/byte_range.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "base/cat.h"
#include "base/strings.h"

namespace lb {
namespace {

// Digits only.  A number beyond 64 bits becomes the largest one, which is past the end of any file.
std::optional<std::uint64_t> read_position(std::string_view text) noexcept {
  if (text.empty() || !std::all_of(text.begin(), text.end(), is_digit)) return std::nullopt;
  return parse_u64(text).value_or(std::numeric_limits<std::uint64_t>::max());
}

}  // namespace

ByteRange parse_byte_range(std::string_view text, std::uint64_t size) {
  constexpr std::string_view kUnit = "bytes=";
  constexpr ByteRange kBad{ByteRange::Kind::kBad, 0, 0};
  text = trim(text);
  if (text.empty()) return {};
  if (!istarts_with(text, kUnit)) return kBad;
  text.remove_prefix(kUnit.size());
  if (text.find(',') != std::string_view::npos) return {};
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) return kBad;
  const std::string_view from = trim(text.substr(0, dash));
  const std::string_view to = trim(text.substr(dash + 1));
  const auto first = read_position(from);
  const auto last = read_position(to);
  if ((!from.empty() && !first) || (!to.empty() && !last)) return kBad;
  if (first) {
    if (*first >= size || (last && *last < *first)) return kBad;
    const std::uint64_t end = last ? std::min(*last, size - 1) : size - 1;
    return {ByteRange::Kind::kPart, *first, end - *first + 1};
  }
  if (!last || *last == 0 || size == 0) return kBad;
  const std::uint64_t length = std::min(*last, size);
  return {ByteRange::Kind::kPart, size - length, length};
}

std::string range_lines(const ByteRange& range, std::uint64_t size) {
  std::string out = "Accept-Ranges: bytes\r\n";
  switch (range.kind) {
    case ByteRange::Kind::kWhole:
      break;
    case ByteRange::Kind::kPart:
      out += cat({"Content-Range: bytes ", range.first, "-", range.last(), "/", size, "\r\n"});
      break;
    case ByteRange::Kind::kBad:
      out += cat({"Content-Range: bytes */", size, "\r\n"});
      break;
  }
  return out;
}

}  // namespace lb
