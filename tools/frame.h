// The test signal: MPEG-1 layer III frames of silence that say which frame they are.
// A frame is valid MP3 (ISO 11172-3: header, 32 zero bytes of side information, ancillary data), so
// every Icecast-like server and every decoder takes it.  The ancillary part holds, as plain text:
// "LBFR", the source's number (4 hex digits), the frame's number (16) and the sender's steady clock
// in nanoseconds (16); then a fill that follows from both numbers.  No byte after the header is
// 0xFF, so a false start of a frame cannot be found inside one.
// Thread: plain values; no shared state.  Units: kbit/s, nanoseconds of CLOCK_MONOTONIC, bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lb {

inline constexpr unsigned kSampleRate = 44100;
inline constexpr double kFrameSeconds = 1152.0 / kSampleRate;  // 26.122 ms at any bitrate

struct FrameStamp {
  std::uint32_t source = 0;   // which source, below 65536
  std::uint64_t number = 0;   // 0, 1, 2 … for each source
  std::uint64_t sent_ns = 0;  // when the source gave it to its socket
};

// True for the bitrates that MPEG-1 layer III knows: 32 … 320.
bool is_bitrate(unsigned kbit) noexcept;

// Bytes of the frame with this number: the padding keeps the mean at the exact bitrate.
std::size_t frame_bytes(unsigned kbit, std::uint64_t number) noexcept;

// REQUIRES: is_bitrate(kbit).  Appends one frame.
void append_frame(std::string& out, unsigned kbit, const FrameStamp& stamp);

// Reads one whole frame at the start of the text; nullopt when any byte is not as append_frame
// wrote it.
std::optional<FrameStamp> check_frame(std::string_view frame) noexcept;

struct FrameCounts {
  std::uint64_t frames = 0;    // whole and right
  std::uint64_t lost = 0;      // numbers that were jumped over
  std::uint64_t repeated = 0;  // numbers that went back
  std::uint64_t damaged = 0;   // bytes that belong to no right frame, after the first one
  std::uint64_t cut = 0;       // bytes before the first right frame: a join inside a frame
  std::uint64_t moved = 0;     // the source's number changed: a fallback or a wrong mount
};

// Checks a stream that arrives in pieces of any size.
class FrameChecker {
 public:
  // Calls seen(stamp) for every right frame.
  template <class Seen>
  void consume(std::string_view bytes, Seen seen) {
    rest_.append(bytes);
    std::size_t at = 0;
    while (auto stamp = next(at)) seen(*stamp);
    rest_.erase(0, at);
  }
  const FrameCounts& counts() const noexcept { return counts_; }

 private:
  // The next right frame at or after `at`, which moves behind it; nullopt: more bytes are needed.
  std::optional<FrameStamp> next(std::size_t& at);
  void count(const FrameStamp& stamp) noexcept;

  std::string rest_;  // less than one frame between calls
  FrameCounts counts_;
  FrameStamp last_;
};

}  // namespace lb
