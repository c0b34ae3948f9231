// Channel: shared by the writer and the readers of a stream: the newest view, and the loops to wake
// for the next.
//
// Thread: all functions from any thread.
// Invariants: (1) a published view never changes; (2) view->end never decreases; (3) a loop that
// is armed is returned by the next publish(), exactly once, and is then disarmed until it takes a
// view again (doc/decisions.md A8: wake-ups never pile up).
// A lock guards a pointer swap, once per publication and loop, never per listener.
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>

#include "stream/log/stream_view.h"

namespace lb {

class Channel {
 public:
  using Loops = std::uint64_t;  // bit i: worker i, so at most 64 workers
  static constexpr std::uint64_t kNoReader = std::numeric_limits<std::uint64_t>::max();

  Channel(std::shared_ptr<const StreamView> first, unsigned workers)
      : view_(std::move(first)),
        workers_(workers),
        low_water_(new std::atomic<std::uint64_t>[slots()]) {
    for (unsigned i = 0; i < slots(); ++i)
      low_water_[i].store(kNoReader, std::memory_order_relaxed);
  }

  // The newest view; the next publish() wakes the loop.
  std::shared_ptr<const StreamView> take_and_arm(unsigned loop) {
    std::lock_guard<std::mutex> guard(mutex_);
    armed_ |= bit(loop);
    return view_;
  }
  std::shared_ptr<const StreamView> newest() const {
    std::lock_guard<std::mutex> guard(mutex_);
    return view_;
  }
  void unsubscribe(unsigned loop) {
    low_water_[loop].store(kNoReader, std::memory_order_relaxed);
    std::lock_guard<std::mutex> guard(mutex_);
    armed_ &= ~bit(loop);
  }
  // Returns the loops to wake.
  Loops publish(std::shared_ptr<const StreamView> next) {
    std::lock_guard<std::mutex> guard(mutex_);
    view_.swap(next);
    const Loops wake = armed_;
    armed_ = 0;
    return wake;
  }

  // The position of a loop's slowest reader, so that the window reaches back to it
  // (doc/decisions.md A10).  A hint: only views show what is readable.
  void set_low_water(unsigned loop, std::uint64_t position) noexcept {
    low_water_[loop].store(position, std::memory_order_relaxed);
  }
  std::uint64_t low_water_of(unsigned loop) const noexcept {
    return low_water_[loop].load(std::memory_order_relaxed);
  }
  // The slots of readers that live on no worker: the writers of the dump file and of the archive.
  unsigned archive_slot() const noexcept { return workers_; }
  unsigned recording_slot() const noexcept { return workers_ + 1; }
  // From this byte on all bytes are recorded, while the archive's writer reads.
  void set_recorded_from(std::uint64_t position) noexcept {
    recorded_from_.store(position, std::memory_order_relaxed);
  }
  // Whether the archive has, or will have, all bytes from this one on.
  bool is_recorded_from(std::uint64_t position) const noexcept {
    return low_water_of(recording_slot()) != kNoReader &&
           recorded_from_.load(std::memory_order_relaxed) <= position;
  }
  // Of the slowest reader; kNoReader: none.
  std::uint64_t low_water() const noexcept {
    std::uint64_t low = kNoReader;
    for (unsigned i = 0; i < slots(); ++i) {
      const std::uint64_t at = low_water_of(i);
      if (at < low) low = at;
    }
    return low;
  }

 private:
  unsigned slots() const noexcept { return workers_ + 2; }
  static Loops bit(unsigned loop) noexcept { return Loops{1} << loop; }

  mutable std::mutex mutex_;
  std::shared_ptr<const StreamView> view_;
  Loops armed_ = 0;
  unsigned workers_;
  std::unique_ptr<std::atomic<std::uint64_t>[]> low_water_;
  std::atomic<std::uint64_t> recorded_from_{0};
};

}  // namespace lb
