#include "hls/path.h"

#include "base/cat.h"
#include "base/strings.h"

namespace lb {
namespace {

constexpr std::size_t kStreamDigits = 8;
constexpr std::size_t kMaxSequenceDigits = 19;
constexpr std::uint64_t kLatest = 1'000'000'000'000;
constexpr std::string_view kArchive = "archive-", kNow = "now", kRewind = "rewind-",
                           kShifted = "timeshift_rel-", kShiftedTo = "timeshift_abs-",
                           kList = ".m3u8";

bool parse_stream(std::string_view text, std::uint32_t& stream) noexcept {
  if (!is_hex_text(text)) return false;
  const auto number = parse_whole<std::uint32_t>(text, 16);
  stream = number.value_or(0);
  return number.has_value();
}

bool parse_sequence(std::string_view text, std::uint64_t& sequence) noexcept {
  if (text.empty() || text.size() > kMaxSequenceDigits) return false;
  if (text.size() > 1 && text.front() == '0') return false;
  const auto number = parse_u64(text);
  sequence = number.value_or(0);
  return number.has_value();
}

bool parse_seconds(std::string_view text, std::uint64_t& seconds) noexcept {
  return parse_sequence(text, seconds) && seconds > 0 && seconds <= kLatest;
}

// False: no such list.
bool parse_past(std::string_view name, HlsPath& out) noexcept {
  if (name.starts_with(kArchive)) {
    name.remove_prefix(kArchive.size());
    const std::size_t dash = name.find('-');
    if (dash == std::string_view::npos || !parse_seconds(name.substr(0, dash), out.from))
      return false;
    const std::string_view length = name.substr(dash + 1);
    out.kind = length == kNow ? HlsPath::Kind::kEvent : HlsPath::Kind::kArchive;
    return length == kNow || parse_seconds(length, out.seconds);
  }
  if (name.starts_with(kShiftedTo)) {
    out.kind = HlsPath::Kind::kShiftedTo;
    return parse_seconds(name.substr(kShiftedTo.size()), out.from);
  }
  const bool rewind = name.starts_with(kRewind);
  if (!rewind && !name.starts_with(kShifted)) return false;
  out.kind = rewind ? HlsPath::Kind::kRewind : HlsPath::Kind::kShifted;
  return parse_seconds(name.substr(rewind ? kRewind.size() : kShifted.size()), out.seconds);
}

}  // namespace

std::string hls_list_name(const HlsPath& path) {
  const auto named = [](std::string_view prefix, std::uint64_t number) {
    return cat({prefix, number});
  };
  switch (path.kind) {
    case HlsPath::Kind::kLive:
    case HlsPath::Kind::kSegment:
      break;
    case HlsPath::Kind::kArchive:
      return cat({named(kArchive, path.from), named("-", path.seconds), kList});
    case HlsPath::Kind::kEvent:
      return cat({named(kArchive, path.from), "-", kNow, kList});
    case HlsPath::Kind::kRewind:
      return cat({named(kRewind, path.seconds), kList});
    case HlsPath::Kind::kShifted:
      return cat({named(kShifted, path.seconds), kList});
    case HlsPath::Kind::kShiftedTo:
      return cat({named(kShiftedTo, path.from), kList});
  }
  return std::string(kHlsLiveList);
}

std::optional<HlsPath> parse_hls_path(std::string_view path) noexcept {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos || slash < 2 || path.front() != '/') return std::nullopt;
  HlsPath out;
  out.mount = path.substr(0, slash);
  std::string_view name = path.substr(slash + 1);
  if (name == kHlsLiveList) return out;
  if (name.ends_with(kList)) {
    name.remove_suffix(kList.size());
    if (!parse_past(name, out)) return std::nullopt;
    return out;
  }
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

std::optional<RecordedPath> parse_recorded_path(std::string_view path) noexcept {
  const std::size_t slash = path.rfind('/');
  // parse_past() handles lists.
  if (slash == std::string_view::npos || slash == 0 || path.ends_with(kList)) return std::nullopt;
  std::string_view name = path.substr(slash + 1);
  if (!name.starts_with(kArchive)) return std::nullopt;
  name.remove_prefix(kArchive.size());
  name = name.substr(0, name.rfind('.'));
  const std::size_t dash = name.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto from = parse_u64(name.substr(0, dash));
  const auto seconds = parse_u64(name.substr(dash + 1));
  if (!from || !seconds || *seconds == 0 || *from > kLatest || *seconds > kLatest)
    return std::nullopt;
  return RecordedPath{path.substr(0, slash), *from, *seconds};
}

}  // namespace lb
