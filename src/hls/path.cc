#include "hls/path.h"

#include <charconv>

namespace lb {
namespace {

constexpr std::size_t kStreamDigits = 8;
constexpr std::size_t kMaxSequenceDigits = 19;

bool parse_stream(std::string_view text, std::uint32_t& stream) noexcept {
  for (const char c : text)
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return false;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), stream, 16);
  return read.ec == std::errc{} && read.ptr == text.data() + text.size();
}

bool parse_sequence(std::string_view text, std::uint64_t& sequence) noexcept {
  if (text.empty() || text.size() > kMaxSequenceDigits) return false;
  if (text.size() > 1 && text.front() == '0') return false;
  for (const char c : text)
    if (c < '0' || c > '9') return false;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), sequence);
  return read.ec == std::errc{};
}

}  // namespace

std::optional<HlsPath> parse_hls_path(std::string_view path) noexcept {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos || slash < 2 || path.front() != '/') return std::nullopt;
  HlsPath out;
  out.mount = path.substr(0, slash);
  std::string_view name = path.substr(slash + 1);
  if (name == kHlsLiveList) return out;
  out.kind = HlsPath::Kind::kSegment;
  if (name.ends_with(".aac"))
    out.adts = true;
  else if (!name.ends_with(".mp3"))
    return std::nullopt;
  name.remove_suffix(4);
  if (name.size() < kStreamDigits + 2 || name[kStreamDigits] != '-') return std::nullopt;
  if (!parse_stream(name.substr(0, kStreamDigits), out.stream) ||
      !parse_sequence(name.substr(kStreamDigits + 1), out.sequence))
    return std::nullopt;
  return out;
}

}  // namespace lb
