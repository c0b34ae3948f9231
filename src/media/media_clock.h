// MediaClock: the media time of the units of a stream: samples since media time 0, which is where
// the stream began at its origin, or where its sample rate last changed.
//
// Thread: one owner (a framer).  Pure.
// Each unit that is the first one at or after a whole second of media time is a second-mark: files
// of the archive and segments of HLS are cut there, so all nodes that read the same bytes cut
// alike.
#pragma once

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
};

template <class Io, RecordOf<MediaTime> T>
void record_fields(Io& io, T& time) {
  auto& [samples, rate_hz] = time;
  io(1, samples, rate_hz);
}

// Of one unit.
struct UnitTime {
  std::uint64_t samples = 0;
  bool second = false;

  bool operator==(const UnitTime&) const = default;
};
template <class Io, RecordOf<UnitTime> T>
void record_fields(Io& io, T& time) {
  auto& [samples, second] = time;
  io(1, samples, second);
}

class MediaClock {
 public:
  MediaClock() = default;
  // The first unit has this time, as the upstream says; a relay begins at a second-mark.
  explicit MediaClock(MediaTime first) noexcept : now_(first) {}

  // True: another rate than before; time restarts at 0.
  bool set_rate(unsigned rate_hz) noexcept {
    if (rate_hz == now_.rate_hz) return false;
    now_ = {0, rate_hz};
    told_ = false;
    return true;
  }
  // Of the unit that begins now.
  UnitTime unit() const noexcept {
    return {now_.samples, now_.rate_hz > 0 && (!told_ || now_.samples / now_.rate_hz > second_)};
  }
  // It is marked.
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
  std::uint64_t second_ = 0;  // of the last unit that was told
  bool told_ = false;         // a unit of this rate was
};

}  // namespace lb
