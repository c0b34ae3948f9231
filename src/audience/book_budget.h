// BookBudget: limits how much the books of one node write into the database of another server.
//
// A listening of a month is one row of a book, but some thousand sums by quarters of an hour: a
// frame of 64 kB may be 57 MB on the disk. kAtOnce is a full waiting journal; kASecond, 3.6 GB a
// day, allows 8 million listenings a day.  A book is taken as a whole, and the next one waits in
// its node's journal until the excess is over.
// Thread: its owner's.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <utility>

#include "base/clock.h"

namespace lb {

class BookBudget {
 public:
  static constexpr double kAtOnce = 10e6, kASecond = 2000;  // changed rows of the database

  bool allows(SteadyTime now) {
    const std::chrono::duration<double> passed = now - at_;
    left_ = std::min(kAtOnce, left_ + kASecond * passed.count());
    at_ = now;
    if (left_ > kAtOnce / 10) told_ = false;
    return left_ > 0;
  }
  void spend(std::uint64_t changes) noexcept { left_ -= static_cast<double>(changes); }
  // Returns true once, until the budget has recovered.
  bool tell() noexcept { return !std::exchange(told_, true); }

 private:
  double left_ = kAtOnce;
  SteadyTime at_{};
  bool told_ = false;
};

}  // namespace lb
