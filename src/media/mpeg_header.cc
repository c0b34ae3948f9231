#include "media/mpeg_header.h"

#include <array>

namespace lb {
namespace {

constexpr MpegUnit kNoUnit{};
constexpr MpegUnit kPartialUnit{MpegUnit::What::kNeedsMore, 0, {}, 0, 0};

constexpr unsigned kMpeg1 = 3;   // version bits; 0 = MPEG 2.5, 2 = MPEG 2
constexpr unsigned kLayer1 = 3;  // layer bits
constexpr unsigned kLayer3 = 1;

// kbit/s for the index values 1 to 14.
using Rates = std::array<std::uint16_t, 14>;
constexpr Rates kMpeg1Layer1{32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448};
constexpr Rates kMpeg1Layer2{32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384};
constexpr Rates kMpeg1Layer3{32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320};
constexpr Rates kMpeg2Layer1{32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256};
constexpr Rates kMpeg2Layer23{8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160};
constexpr std::array<unsigned, 3> kMpeg1Hertz{44100, 48000, 32000};
constexpr std::array<unsigned, 13> kAdtsHertz{96000, 88200, 64000, 48000, 44100, 32000, 24000,
                                              22050, 16000, 12000, 11025, 8000,  7350};

unsigned samples_of(bool mpeg1, unsigned layer) {
  if (layer == kLayer1) return 384;
  return layer == kLayer3 && !mpeg1 ? 576 : 1152;
}

const Rates& bit_rates(bool mpeg1, unsigned layer) {
  if (layer == kLayer1) return mpeg1 ? kMpeg1Layer1 : kMpeg2Layer1;
  if (!mpeg1) return kMpeg2Layer23;
  return layer == kLayer3 ? kMpeg1Layer3 : kMpeg1Layer2;
}

// REQUIRES: at least 2 bytes, with the sync word and layer 0.
MpegUnit adts_frame_at(ByteSpan bytes) {
  if ((u8(bytes, 1) & 0xf0) != 0xf0) return kNoUnit;
  if (bytes.size() < 3) return kPartialUnit;
  const unsigned rate = u8(bytes, 2) >> 2 & 15;
  if (rate > 12) return kNoUnit;
  if (bytes.size() < 7) return kPartialUnit;
  const std::size_t size = (u8(bytes, 3) & 3) << 11 | u8(bytes, 4) << 3 | u8(bytes, 5) >> 5;
  const std::size_t header = (u8(bytes, 1) & 1) != 0 ? 7 : 9;  // without or with a checksum
  if (size <= header) return kNoUnit;
  const auto version = static_cast<std::uint8_t>(u8(bytes, 1) >> 3 & 1);
  const unsigned blocks = (u8(bytes, 6) & 3) + 1;
  return {MpegUnit::What::kFrame,
          size,
          {version, 0, static_cast<std::uint8_t>(rate)},
          1024 * blocks,
          kAdtsHertz[rate]};
}

constexpr std::size_t kMaxTag = std::size_t{64} << 10;

MpegUnit tag(std::size_t size, std::size_t looked_at) {
  if (size > kMaxTag) return {MpegUnit::What::kNothing, looked_at, {}, 0, 0};
  return {MpegUnit::What::kTag, size, {}, 0, 0};
}

MpegUnit id3v2_at(ByteSpan bytes) {
  constexpr std::size_t kHeader = 10;
  constexpr unsigned kHasFooter = 0x10;
  if (bytes.size() < kHeader) return kPartialUnit;
  if ((le32(bytes, 6) & 0x80808080) != 0) return {MpegUnit::What::kNothing, kHeader, {}, 0, 0};
  return tag(kHeader + syncsafe(bytes, 6) + ((u8(bytes, 5) & kHasFooter) != 0 ? kHeader : 0),
             kHeader);
}

MpegUnit ape_at(ByteSpan bytes) {
  constexpr std::size_t kHeader = 32;
  constexpr std::size_t kUpToFlags = 24;
  constexpr std::uint32_t kIsHeader = 1u << 29;
  if (bytes.size() < kUpToFlags) return kPartialUnit;
  return tag((le32(bytes, 20) & kIsHeader) != 0 ? kHeader + le32(bytes, 12) : kHeader, kUpToFlags);
}

}  // namespace

MpegUnit mpeg_frame_at(ByteSpan bytes) {
  if (bytes.empty()) return kPartialUnit;
  if (u8(bytes, 0) != 0xff) return kNoUnit;
  if (bytes.size() < 2) return kPartialUnit;
  const unsigned second = u8(bytes, 1);
  const unsigned version = second >> 3 & 3;
  const unsigned layer = second >> 1 & 3;
  if ((second & 0xe0) != 0xe0) return kNoUnit;
  if (layer == 0) return adts_frame_at(bytes);
  if (version == 1) return kNoUnit;
  if (bytes.size() < 3) return kPartialUnit;
  const unsigned bit_rate = u8(bytes, 2) >> 4;
  const unsigned rate = u8(bytes, 2) >> 2 & 3;
  if (bit_rate == 0 || bit_rate == 15 || rate == 3) return kNoUnit;
  if (bytes.size() < 4) return kPartialUnit;
  if ((u8(bytes, 3) & 3) == 2) return kNoUnit;  // reserved emphasis

  const bool mpeg1 = version == kMpeg1;
  const unsigned hertz = kMpeg1Hertz[rate] >> (mpeg1 ? 0 : version == 0 ? 2 : 1);
  const std::size_t bits = bit_rates(mpeg1, layer)[bit_rate - 1] * std::size_t{1000};
  const unsigned padding = u8(bytes, 2) >> 1 & 1;
  std::size_t size = 0;
  if (layer == kLayer1) {
    size = (12 * bits / hertz + padding) * 4;
  } else {
    size = (layer == kLayer3 && !mpeg1 ? 72u : 144u) * bits / hertz + padding;
  }
  return {MpegUnit::What::kFrame,
          size,
          {static_cast<std::uint8_t>(version), static_cast<std::uint8_t>(layer),
           static_cast<std::uint8_t>(rate)},
          samples_of(mpeg1, layer),
          hertz};
}

MpegUnit mpeg_unit_at(ByteSpan bytes) {
  constexpr std::string_view kId3v2 = "ID3", kId3v1 = "TAG", kApe = "APETAGEX";
  if (begins_with(bytes, kId3v2)) return id3v2_at(bytes);
  if (begins_with(bytes, kId3v1)) return tag(128, 3);
  if (begins_with(bytes, kApe)) return ape_at(bytes);
  for (const auto start : {kId3v2, kId3v1, kApe})
    if (may_begin_with(bytes, start)) return kPartialUnit;
  return mpeg_frame_at(bytes);
}

std::uint64_t mpeg_samples(ByteSpan frames) {
  std::uint64_t samples = 0;
  while (!frames.empty()) {
    const MpegUnit unit = mpeg_unit_at(frames);
    if (unit.what != MpegUnit::What::kFrame || unit.size == 0 || unit.size > frames.size())
      return 0;
    samples += unit.samples;
    frames = frames.subspan(unit.size);
  }
  return samples;
}

}  // namespace lb
