// ClockOffset: how far another server's wall clock is from ours, from what it says that its clock
// shows; and when that is worth a line in the log.
//
// One measurement is a moment of its clock and the moment of ours at which it was true: half-way
// between question and answer, or, where only one side speaks, its arrival less half the round
// trip.  The offset is the median of the last eight, so that one late frame says nothing.  Two in a
// row that agree with each other and not with it mean that a clock has been set: what was
// measured before is dropped at once.
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

namespace lb {

class ClockOffset {
 public:
  // More than that between two servers is said, and corrected where it matters.
  static constexpr std::chrono::milliseconds kWorthSaying{5000};

  // theirs: what its clock showed when ours showed `ours`.
  void measured(std::int64_t theirs_ms, std::int64_t ours_ms);
  bool known() const noexcept { return count_ > 0; }
  // Another connection: what is measured next counts for more than all before it.
  void begin_again() noexcept { count_ = 0; }
  // Theirs less ours; 0 while it is not known.
  std::chrono::milliseconds offset() const noexcept { return offset_; }

  // What is new, as a phrase of the log: "is 70.0 s ahead of ours", "agrees with ours again"
  // (within 5 s), or nullopt: the last phrase still holds, to 5 s.
  std::optional<std::string> news();

 private:
  std::array<std::int64_t, 8> rows_{};
  std::size_t count_ = 0;  // ever
  std::chrono::milliseconds offset_{0};
  std::chrono::milliseconds reported_{0};
  std::optional<std::int64_t> outlier_;  // the last measurement, where it did not agree
};

// ms since 1970 as this clock shows them.
std::int64_t wall_ms_of(const Clock& clock);

}  // namespace lb
