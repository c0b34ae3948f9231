#include "stream/log/stream_place.h"

#include <algorithm>
#include <array>

#include "base/cat.h"
#include "base/encoding.h"
#include "base/strings.h"

namespace lb {
namespace {

constexpr std::size_t kIdHex = 32;
constexpr unsigned kMaxRateHz = 1'000'000;
constexpr std::uint32_t kMinCutMs = 500, kMaxCutMs = 60'000;
constexpr std::uint64_t kMaxRelaysTold = 10'000'000;
constexpr std::uint64_t kMaxHeaderBytesTold = std::uint64_t{1} << 20;
// Far above real values, so that a sum of two cannot overflow.
constexpr std::uint64_t kMaxNumber = std::uint64_t{1} << 60;

std::optional<std::uint64_t> read_number(std::string_view text) noexcept {
  const auto value = parse_u64(text);
  return value && *value < kMaxNumber ? value : std::nullopt;
}

std::optional<MediaTime> read_media(std::string_view text) noexcept {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto samples = read_number(text.substr(0, slash));
  const auto rate = read_number(text.substr(slash + 1));
  if (!samples || !rate || *rate > kMaxRateHz) return std::nullopt;
  // The same bound in milliseconds.
  if (*rate > 0 && *samples / *rate >= kMaxNumber / 1000) return std::nullopt;
  return MediaTime{*samples, static_cast<unsigned>(*rate)};
}

// Reads one "name=value" of the answer; returns false if it is invalid.
bool take_member(std::string_view name, std::string_view value, StreamPlace& place,
                 bool& has_epoch) {
  if (name == "m") {
    const auto media = read_media(value);
    if (media) place.media = *media;
    return media.has_value();
  }
  if (name == "after") {
    place.after = parse_address(value);
    return place.after.has_value();
  }
  static constexpr std::array<std::string_view, 7> kNumbers = {"t", "z", "n", "g", "c", "h", "r"};
  if (std::find(kNumbers.begin(), kNumbers.end(), name) == kNumbers.end()) return true;
  const auto number = read_number(value);
  if (!number) return false;
  if (name == "t") {
    place.anchored = true;
    place.wall_ms = static_cast<std::int64_t>(*number);
  } else if (name == "z") {
    has_epoch = true;
    place.segments.epoch_ms = static_cast<std::int64_t>(*number);
  } else if (name == "n") {
    place.segments.first = *number;
  } else if (name == "g") {
    place.segments.generation = *number;
  } else if (name == "r") {
    if (*number > kMaxRelaysTold) return false;
    place.relays = *number;
  } else if (name == "c") {
    if (*number < kMinCutMs || *number > kMaxCutMs) return false;
    place.segments.cut_ms = static_cast<std::uint32_t>(*number);
  } else {
    if (*number > kMaxHeaderBytesTold) return false;
    place.header_bytes = *number;
  }
  return true;
}

}  // namespace

StreamSpan StreamPlace::span() const noexcept {
  StreamSpan span;
  span.id = at.id;
  span.origin = at.position;
  span.media = media;
  span.wall_ms = wall_ms;
  span.anchored = anchored;
  span.segments = segments;
  return span;
}

std::string print_address(const StreamAddress& address) {
  return cat({hex_text(address.id[0], 16), hex_text(address.id[1], 16), ".", address.position});
}

std::optional<StreamAddress> parse_address(std::string_view text) noexcept {
  if (text.size() < kIdHex + 2 || text[kIdHex] != '.') return std::nullopt;
  const auto high = parse_whole<std::uint64_t>(text.substr(0, kIdHex / 2), 16);
  const auto low = parse_whole<std::uint64_t>(text.substr(kIdHex / 2, kIdHex / 2), 16);
  const auto position = read_number(text.substr(kIdHex + 1));
  if (!high || !low || !position || (*high | *low) == 0) return std::nullopt;
  return StreamAddress{{*high, *low}, *position};
}

std::string print_stream_ask(const StreamAsk& ask) {
  return ask.at ? print_address(*ask.at) : std::string("any");
}

std::optional<StreamAsk> parse_stream_ask(std::string_view value) noexcept {
  value = trim(value);
  if (value == "any") return StreamAsk{};
  const auto at = parse_address(value);
  return at ? std::optional(StreamAsk{at}) : std::nullopt;
}

std::string print_stream_place(const StreamPlace& place) {
  std::string text =
      cat({print_address(place.at), "; m=", place.media.samples, "/", place.media.rate_hz});
  if (place.anchored) text += cat({"; t=", place.wall_ms});
  if (place.anchored || place.segments.epoch_ms != 0)
    text += cat({"; z=", place.segments.epoch_ms});
  text += cat({"; n=", place.segments.first, "; g=", place.segments.generation,
               "; c=", place.segments.cut_ms, "; h=", place.header_bytes});
  if (place.relays > 0) text += cat({"; r=", place.relays});
  if (place.after) text += "; after=" + print_address(*place.after);
  return text;
}

std::optional<StreamPlace> parse_stream_place(std::string_view value) noexcept {
  StreamPlace place;
  bool first = true, has_epoch = false;
  while (!value.empty() || first) {
    const std::size_t end = std::min(value.find(';'), value.size());
    const std::string_view member = trim(value.substr(0, end));
    value.remove_prefix(std::min(end + 1, value.size()));
    if (first) {
      const auto at = parse_address(member);
      if (!at) return std::nullopt;
      place.at = *at;
      first = false;
      continue;
    }
    const std::size_t equals = std::min(member.find('='), member.size());
    const std::string_view text = member.substr(std::min(equals + 1, member.size()));
    if (!take_member(member.substr(0, equals), text, place, has_epoch)) return std::nullopt;
  }
  // One of the two times is useless without the other.
  place.anchored = place.anchored && has_epoch;
  // The wall time is not known yet, so the start is guessed as for a source that ends early.
  if (!place.anchored && has_epoch)
    place.wall_ms = static_cast<std::int64_t>(static_cast<std::uint64_t>(place.segments.epoch_ms) +
                                              place.media.milliseconds());
  return place;
}

}  // namespace lb
