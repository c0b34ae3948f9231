// Plain settings of the hls floor; config/ fills them.  Settings of single mounts are in
// stream/mount/settings.h.
// Thread: plain values.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace lb {

// How the players of HLS are told apart.
enum class HlsSessionKind : std::uint8_t {
  kToken,    // by the parameter s=, which the master playlist has
  kAddress,  // by address and User-Agent: all players have the same addresses, for caches
  kNone,     // not at all: listeners by HLS are not counted
};

struct HlsSettings {
  bool enabled = false;  // the default of mounts
  std::chrono::seconds segment{6};
  std::chrono::seconds window{60};  // the length of a list
  HlsSessionKind sessions = HlsSessionKind::kToken;
};

// The least length of a list, for any window.
constexpr std::size_t kFewestHlsSegments = 6;

constexpr std::chrono::seconds hls_list_time(const HlsSettings& settings) {
  return std::max(settings.window, settings.segment * static_cast<int>(kFewestHlsSegments));
}
constexpr std::size_t hls_list_length(const HlsSettings& settings, std::uint32_t cut_ms) {
  const auto ms = static_cast<std::size_t>(std::chrono::milliseconds(settings.window).count());
  return std::max(kFewestHlsSegments, ms / std::max<std::uint32_t>(1, cut_ms));
}
// The part of a stream that its log keeps: a segment that has left the list can be fetched for
// another length of the list (RFC 8216, 6.2.2), also of those that leave it together, when the
// clock of a new source becomes known.
constexpr std::chrono::milliseconds kept_for_hls(const HlsSettings& settings) {
  return 2 * hls_list_time(settings) + 4 * settings.segment;
}

// The same for a recorded stream: three whole segments, as the archive has earlier ones.
constexpr std::chrono::milliseconds kept_for_recorded_hls(const HlsSettings& settings) {
  return std::min(kept_for_hls(settings),
                  std::chrono::milliseconds(4 * settings.segment + std::chrono::seconds(2)));
}

}  // namespace lb
