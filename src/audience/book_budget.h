// BookBudget: limits how much the books of one node write into the database of another server.
//
// A listening of a month is one row of a book, but some thousand sums by quarters of an hour: a
// frame of 64 kB may be 57 MB on the disk. kAtOnce is a full waiting journal; kPause, 3.6 GB a
// day, allows 8 million listenings a day.  A book is taken as a whole, and the next one waits in
// its node's journal until the excess is over.
// HourlySum: a number that is logged once an hour, however often it grows.
// Thread: its owner's.
#pragma once

#include <chrono>
#include <cstdint>
#include <utility>

#include "base/rate_limit.h"

namespace lb {

class HourlySum {
 public:
  // Returns the sum, at first at once and then once an hour; 0: not now.
  std::uint64_t add(SteadyTime now, std::uint64_t count) noexcept {
    sum_ += count;
    if (sum_ == 0 || now < logged_ + std::chrono::hours(1)) return 0;
    logged_ = now;
    return std::exchange(sum_, 0);
  }

 private:
  std::uint64_t sum_ = 0;
  SteadyTime logged_ = SteadyTime{} - std::chrono::hours(1);
};

class BookBudget {
 public:
  // Changed rows of the database: 2000 a second.
  static constexpr double kAtOnce = 10e6;
  static constexpr std::chrono::microseconds kPause{500};

  bool allows(SteadyTime now) {
    if (limit_.allows(now, Rate(kAtOnce * 0.9, kPause))) told_ = false;
    return limit_.allows(now, Rate(kAtOnce, kPause));
  }
  void spend(SteadyTime now, std::uint64_t changes) noexcept {
    limit_.spend(now, kPause * static_cast<std::int64_t>(changes));
  }
  // Returns true once, until the budget has recovered.
  bool tell() noexcept { return !std::exchange(told_, true); }

  // Rows that were left out because the database has too many mounts, that cannot be the node's
  // own, and that never came.
  HourlySum left_out, refused, missing;

 private:
  RateLimit limit_;
  bool told_ = false;
};

}  // namespace lb
