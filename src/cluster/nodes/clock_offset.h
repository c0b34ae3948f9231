// ClockOffset: the offset of another server's wall clock from ours, by the times that it reports.
// It also decides when to log the offset.
//
// A measurement is a time by its clock, and the time by ours at which that was true: half-way
// between question and answer, or, if only one side sends, the arrival less half the round trip.
// The offset is the median of the last eight, so that one late frame does not count.  Two in a row
// that agree with each other but not with the median mean that a clock was set: earlier
// measurements are dropped.
//
// Thread: that of its owner.
// Ownership: by value.  Units: ms; ahead of ours is positive.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "net/loop/loop.h"

namespace lb {

class ClockOffset {
 public:
  // A larger offset between two servers is logged, and corrected where it matters.
  static constexpr std::chrono::milliseconds kWorthSaying{5000};

  // theirs: the time of its clock when ours was `ours`.
  void measured(std::int64_t theirs_ms, std::int64_t ours_ms);
  bool known() const noexcept { return count_ > 0; }
  // A new connection: its measurements replace all earlier ones.
  void begin_again() noexcept { count_ = 0; }
  // Theirs less ours; 0 while it is not known.
  std::chrono::milliseconds offset() const noexcept { return offset_; }

  // A changed state, as a phrase of the log: "is 70.0 s ahead of ours", "agrees with ours again"
  // (within 5 s); nullopt: the last phrase is still right within 5 s.
  std::optional<std::string> news();

 private:
  std::array<std::int64_t, 8> rows_{};
  std::size_t count_ = 0;  // ever
  std::chrono::milliseconds offset_{0};
  std::chrono::milliseconds reported_{0};
  std::optional<std::int64_t> outlier_;  // the last measurement, if it did not agree
};

// LateReads: when bytes may have lain in a socket while the loop was away.  Their times, less that
// of their arrival, do not show the clock of their sender.
class LateReads {
 public:
  // Asked at each read.
  bool possible(const Loop& loop) noexcept {
    const SteadyTime now = loop.now();
    if (const auto away = loop.away(now); away != away_) {
      away_ = away;
      until_ = now + kReadBy;
    }
    return now < until_;
  }
  static constexpr std::chrono::seconds kReadBy{1};

 private:
  SteadyTime::duration away_{0};
  SteadyTime until_{};
};

// Wall time of this clock in ms since 1970.
std::int64_t wall_ms_of(const Clock& clock);

}  // namespace lb
