// MPEG audio: recognises a frame (MPEG 1/2/2.5 layers I–III, AAC in ADTS) or a tag between frames
// (ID3, APE).
// Source: ISO 11172-3, 13818-3, 13818-7 and 14496-3 (ADTS); id3.org; APEv2 specification.
// Thread: pure functions.
// Errors: none; reserved values and free format are not frames.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/record.h"
#include "media/bytes.h"

namespace lb {

// The constant facts of the frames of one stream; bit rate, padding and channels may change.
struct MpegKind {
  std::uint8_t version = 0;  // the bits of the header
  std::uint8_t layer = 0;    // the bits of the header; 0 = ADTS
  std::uint8_t rate = 0;     // index of the sample rate
  bool operator==(const MpegKind&) const = default;
  static constexpr PlainRecord kRecord{.members = 3};
};

struct MpegUnit {
  enum class What : std::uint8_t { kNothing, kNeedsMore, kFrame, kTag };
  What what = What::kNothing;
  std::size_t size = 0;  // of the frame or tag, with its header; 0, or for a false tag the
                         // number of bytes that showed it
  MpegKind kind;         // frames only
  unsigned samples = 0;  // likewise: of each channel
  unsigned rate_hz = 0;  // likewise
};

constexpr std::size_t kMpegFrameHead = 7;  // enough for kind, size and duration of every frame

// Looks at the available bytes, and reads no more than it needs.
MpegUnit mpeg_frame_at(ByteSpan bytes);
MpegUnit mpeg_unit_at(ByteSpan bytes);  // frames and tags; tags over 64 KiB are nothing
// The samples in whole frames; 0: other bytes are among them.
std::uint64_t mpeg_samples(ByteSpan frames);

}  // namespace lb
