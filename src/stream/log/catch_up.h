// CatchUp: by how much a mount's window reaches beyond queue-size after a pause.
//
// After a pause (the server was suspended, the encoder's line was cut) all that has waited arrives
// at once, faster than any listener can be sent it.  Those listeners have not fallen behind: so
// what arrives within a second after a pause stays in the window for ten seconds more.
//
// Thread: the mount's home worker.
// Ownership: a StreamLog; so the pause may lie between two sources.
#pragma once

#include <algorithm>
#include <cstddef>

#include "base/clock.h"
#include "base/record.h"

namespace lb {

class CatchUp {
 public:
  void received(std::size_t bytes, SteadyTime now) noexcept {
    if (last_ != SteadyTime{} && now - last_ >= kPause) {
      began_ = now;
      bytes_ = 0;
    }
    last_ = now;
    if (began_ != SteadyTime{} && now - began_ < kArrives)
      bytes_ = std::min(bytes_ + bytes, kMaxBytes);
  }
  // Bytes beyond queue-size, at the time of the last ones received.
  std::size_t extra() const noexcept { return last_ - began_ < kStays ? bytes_ : 0; }

  static constexpr std::chrono::seconds kPause{1}, kArrives{1}, kStays{10};
  // A stream of 4 Mbit/s that waited for 16 s; the kernel keeps less for one socket.
  static constexpr std::size_t kMaxBytes = 8 << 20;

  template <class Io, RecordOf<CatchUp> T>
  friend void record_fields(Io& io, T& pause) {
    io(1, pause.last_, pause.began_, pause.bytes_);
  }

 private:
  SteadyTime last_{};   // epoch: nothing has come
  SteadyTime began_{};  // epoch: there was no pause
  std::size_t bytes_ = 0;
};

}  // namespace lb
