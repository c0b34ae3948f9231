// HlsPath: an address of HLS below a mount: /MOUNT/live.m3u8, /MOUNT/HHHHHHHH-N.mp3 or .aac, and
// the lists of what is past, with Flussonic's names; and RecordedPath, a part of a recording as one
// file: /MOUNT/archive-T-SECONDS.mp3.
// What is read as one of them is an address of its mount, and no name for another one.
// Thread: pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lb {

struct HlsPath {
  enum class Kind : std::uint8_t {
    kLive,
    kSegment,
    kArchive,   // archive-T-SECONDS.m3u8
    kEvent,     // archive-T-now.m3u8
    kRewind,    // rewind-SECONDS.m3u8: the newest, so many back
    kShifted,   // timeshift_rel-SECONDS.m3u8: behind the present by as much
    kShiftedTo  // timeshift_abs-T.m3u8: behind by what T is past now
  };
  std::string_view mount;  // of the path that was parsed
  Kind kind = Kind::kLive;
  std::uint32_t stream = 0;    // of kSegment
  std::uint64_t sequence = 0;  // likewise
  bool adts = false;           // likewise: .aac
  std::uint64_t from = 0;      // Unix seconds, of kArchive, kEvent and kShiftedTo
  std::uint64_t seconds = 0;   // of kArchive, kRewind and kShifted; not 0

  bool of_past() const noexcept { return kind > Kind::kSegment; }
  bool operator==(const HlsPath&) const = default;
};

inline constexpr std::string_view kHlsLiveList = "live.m3u8";

// path: decoded.  All have one name only, as lists print it: small letters, no leading zero.
std::optional<HlsPath> parse_hls_path(std::string_view path) noexcept;
struct RecordedPath {
  std::string_view mount;               // of the path that was parsed
  std::uint64_t from = 0, seconds = 0;  // Unix seconds; seconds is not 0
};
std::optional<RecordedPath> parse_recorded_path(std::string_view path) noexcept;
// The name of a list, without its mount.
std::string hls_list_name(const HlsPath& path);

}  // namespace lb
