// HlsPath: an address of HLS below a mount: /MOUNT/live.m3u8 and /MOUNT/HHHHHHHH-N.mp3 or .aac.
// Lists of what is past have other names (archive-…, rewind-…, timeshift_…): they are not of here.
// Thread: pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace lb {

struct HlsPath {
  enum class Kind : std::uint8_t { kLive, kSegment };
  std::string_view mount;  // of the path that was parsed
  Kind kind = Kind::kLive;
  std::uint32_t stream = 0;    // of kSegment
  std::uint64_t sequence = 0;  // likewise
  bool adts = false;           // likewise: .aac

  bool operator==(const HlsPath&) const = default;
};

inline constexpr std::string_view kHlsLiveList = "live.m3u8";

// path: decoded.  A segment has one name only, as a list prints it: small letters, no leading zero.
std::optional<HlsPath> parse_hls_path(std::string_view path) noexcept;

}  // namespace lb
