// Plain settings of the hls floor; config/ fills them.  What a mount has of its own is in
// stream/mount/settings.h.
// Thread: plain values.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace lb {

// How the lists that one player asks for are told from those of another.
enum class HlsSessionKind : std::uint8_t {
  kToken,    // by the parameter s=, which the master playlist gives out
  kAddress,  // by address and User-Agent: all players have the same addresses, for caches
  kNone,     // not at all: HLS is not counted
};

struct HlsSettings {
  bool enabled = false;  // of mounts that do not say otherwise
  std::chrono::seconds segment{6};
  std::chrono::seconds window{60};  // that a list holds
  HlsSessionKind sessions = HlsSessionKind::kToken;
};

// A list never has fewer, however short the window is.
constexpr std::size_t kFewestHlsSegments = 6;

constexpr std::chrono::seconds hls_list_time(const HlsSettings& settings) {
  return std::max(settings.window, settings.segment * static_cast<int>(kFewestHlsSegments));
}
constexpr std::size_t hls_list_length(const HlsSettings& settings, std::uint32_t cut_ms) {
  const auto ms = static_cast<std::size_t>(std::chrono::milliseconds(settings.window).count());
  return std::max(kFewestHlsSegments, ms / std::max<std::uint32_t>(1, cut_ms));
}
// How much of a stream its log holds: a segment that has left the list is fetched for as long as
// the list is (RFC 8216, 6.2.2).
constexpr std::chrono::milliseconds kept_for_hls(const HlsSettings& settings) {
  return 2 * hls_list_time(settings) + 2 * settings.segment;
}

// … of one that is recorded: three whole segments; the archive has those before.
constexpr std::chrono::milliseconds kept_for_recorded_hls(const HlsSettings& settings) {
  return std::min(kept_for_hls(settings),
                  std::chrono::milliseconds(4 * settings.segment + std::chrono::seconds(2)));
}

}  // namespace lb
