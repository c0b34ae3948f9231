#include "hls/master_playlist.h"

#include "base/cat.h"
#include "media/mpeg_header.h"

namespace lb {
namespace {

constexpr unsigned kAacMain = 1, kAacLow = 2, kSbr = 5, kPs = 29;  // audio object types
constexpr unsigned kLayer1 = 32;  // … and the other layers of MPEG audio (ISO/IEC 14496-3)
// With spectral band replication the header has the rate of the core, half the stream's.
constexpr unsigned kHighestCoreRate = 24'000;

std::string mp4a(unsigned object) { return cat({"mp4a.40.", object}); }

}  // namespace

std::string hls_codecs(ByteSpan frame, std::string_view content_type) {
  const bool plus = content_type.starts_with("audio/aacp");
  const MpegUnit unit = mpeg_frame_at(frame);
  if (unit.what != MpegUnit::What::kFrame) {
    if (content_type.find("aac") == std::string_view::npos) return "mp4a.40.34";
    return mp4a(plus ? kSbr : kAacLow);
  }
  if (unit.kind.layer != 0) return mp4a(kLayer1 + 3u - unit.kind.layer);
  const unsigned object = kAacMain + (u8(frame, 2) >> 6);
  const unsigned channels = (u8(frame, 2) & 1) << 2 | u8(frame, 3) >> 6;
  if (object != kAacLow || unit.rate_hz > kHighestCoreRate) return mp4a(object);
  return mp4a(plus && channels == 1 ? kPs : kSbr);
}

std::string master_playlist(std::span<const HlsVariant> variants) {
  std::string out = "#EXTM3U\n#EXT-X-VERSION:3\n";
  // First all best addresses, then all second ones: a player whose node is gone changes to the next
  // stream of the same bandwidth (RFC 8216, 6.3.1 and Apple's authoring rules).
  for (std::size_t place = 0;; ++place) {
    bool any = false;
    for (const HlsVariant& variant : variants) {
      if (place >= variant.addresses.size()) continue;
      any = true;
      out.append("#EXT-X-STREAM-INF:BANDWIDTH=").append(std::to_string(variant.bandwidth));
      if (!variant.codecs.empty()) out.append(",CODECS=\"").append(variant.codecs).append("\"");
      out.append("\n").append(variant.addresses[place]).append("\n");
    }
    if (!any) return out;
  }
}

}  // namespace lb
