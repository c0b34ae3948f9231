// MediaClock: the media time of the units of a stream, in samples.  It is 0 where the stream began
// at its origin, or where its sample rate last changed.
//
// Thread: one owner (a framer).  Pure.
// The first unit at or after a whole second of media time is a second-mark: recorded files and HLS
// segments are cut there, so all nodes that read the same bytes cut alike.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/record.h"

namespace lb {

// rate_hz 0: the format has no media time.
struct MediaTime {
  std::uint64_t samples = 0;
  unsigned rate_hz = 0;

  bool operator==(const MediaTime&) const = default;
  std::uint64_t milliseconds() const noexcept {
    if (rate_hz == 0) return 0;
    return samples / rate_hz * 1000 + samples % rate_hz * 1000 / rate_hz;
  }
  static constexpr PlainRecord kRecord{.members = 2};
};

// The time of one unit.  The time of a page of Ogg is that of its end.
struct UnitTime {
  std::uint64_t samples = 0;
  bool second = false;
  std::uint32_t before = 0;  // the samples of the unit that sound before this time

  bool operator==(const UnitTime&) const = default;
  std::uint64_t begin() const noexcept {
    return samples - std::min<std::uint64_t>(before, samples);
  }
  static constexpr PlainRecord kRecord{.members = 3};
};

class MediaClock {
 public:
  MediaClock() = default;
  // The upstream sends the time of the first unit; a relay begins at a second-mark.
  explicit MediaClock(MediaTime first) noexcept : now_(first) {}

  // True: the rate has changed, and time restarts at 0.
  bool set_rate(unsigned rate_hz) noexcept {
    if (rate_hz == now_.rate_hz) return false;
    now_ = {0, rate_hz};
    told_ = false;
    return true;
  }
  // The time of the unit that begins now.
  UnitTime unit() const noexcept {
    return {now_.samples, now_.rate_hz > 0 && (!told_ || now_.samples / now_.rate_hz > second_)};
  }
  // The unit was marked.
  void told() noexcept {
    if (now_.rate_hz == 0) return;
    told_ = true;
    second_ = now_.samples / now_.rate_hz;
  }
  void pass(std::uint64_t samples) noexcept { now_.samples += samples; }
  MediaTime now() const noexcept { return now_; }

  template <class Io, RecordOf<MediaClock> T>
  friend void record_fields(Io& io, T& clock) {
    io(1, clock.now_, clock.second_, clock.told_);
  }

 private:
  MediaTime now_;
  std::uint64_t second_ = 0;  // of the last marked unit
  bool told_ = false;         // a unit of this rate was marked
};

}  // namespace lb
