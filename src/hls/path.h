// HlsPath: an address of HLS below a mount: /MOUNT/live.m3u8, /MOUNT/HHHHHHHH-N.mp3 or .aac, and
// recorded lists, with Flussonic's names; and RecordedPath, a part of a recording as one file:
// /MOUNT/archive-T-SECONDS.mp3.
// Such an address belongs to its mount, and is no name for a new source or a record.
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
    kRewind,    // rewind-SECONDS.m3u8: the newest SECONDS
    kShifted,   // timeshift_rel-SECONDS.m3u8: SECONDS behind the present
    kShiftedTo  // timeshift_abs-T.m3u8: behind by the present time less T
  };
  std::string_view mount;  // a part of the parsed path
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

// path: decoded.  Each address has one spelling, that of the lists: lower case, no leading zero.
std::optional<HlsPath> parse_hls_path(std::string_view path) noexcept;
struct RecordedPath {
  std::string_view mount;               // a part of the parsed path
  std::uint64_t from = 0, seconds = 0;  // Unix seconds; seconds is not 0
};
std::optional<RecordedPath> parse_recorded_path(std::string_view path) noexcept;
// The name of a list, without its mount.
std::string hls_list_name(const HlsPath& path);

}  // namespace lb
