// RateLimit: limits how often something happens: a number at once, and one more each time that a
// pause has passed.  SecondCount: so many within a second, and none until it is over.
// Thread: its owner's.
// Bounds: RepeatGuards has a fixed table.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace lb {

struct Rate {
  // at_once: 1 or more.  each: the pause; 0: nothing is limited.
  constexpr Rate(double at_once, std::chrono::nanoseconds each) noexcept
      : pause(each),
        burst(static_cast<std::int64_t>((at_once - 1) * static_cast<double>(each.count()))) {}
  static constexpr Rate an_hour(unsigned most) noexcept {
    return {static_cast<double>(most), std::chrono::nanoseconds(std::chrono::hours(1)) / most};
  }
  static constexpr Rate of_bytes(std::size_t a_second, std::size_t at_once) noexcept {
    return {static_cast<double>(at_once),
            std::chrono::nanoseconds(std::chrono::seconds(1)) / a_second};
  }
  std::chrono::nanoseconds pause, burst;
};

class RateLimit {
 public:
  bool allows(SteadyTime now, const Rate& rate) const noexcept { return full_ - now <= rate.burst; }
  void spend(SteadyTime now, std::chrono::nanoseconds pauses) noexcept {
    full_ = std::max(full_, now) + pauses;
  }
  bool take(SteadyTime now, const Rate& rate) noexcept {
    const bool allowed = allows(now, rate);
    if (allowed) spend(now, rate.pause);
    return allowed;
  }
  // Whether nothing counts any more.
  bool is_unused(SteadyTime now) const noexcept { return full_ <= now; }

 private:
  SteadyTime full_{};  // when the whole number may come at once again
};

class SecondCount {
 public:
  bool allows(SteadyTime now, unsigned most) noexcept {
    if (is_over(now)) {
      since_ = now;
      count_ = 0;
    }
    return ++count_ <= most;
  }
  // The last one does not count.
  void take_back() noexcept { count_ -= count_ > 0 ? 1 : 0; }
  bool is_over(SteadyTime now) const noexcept { return now - since_ >= std::chrono::seconds(1); }

 private:
  SteadyTime since_{};
  unsigned count_ = 0;
};

// RepeatGuard: limits a repeated message of a log to one line a second, "(and N more)", after
// `at_once` lines that may come together.
// Ownership: a member of the object that logs the message.
class RepeatGuard {
 public:
  explicit RepeatGuard(unsigned at_once = 1) noexcept : rate_(at_once, std::chrono::seconds(1)) {}
  // Returns true if the message must be written now; `suppressed`: the number that was not.
  bool pass(SteadyTime now, unsigned& suppressed) noexcept {
    if (!limit_.take(now, rate_)) {
      ++held_;
      return false;
    }
    suppressed = std::exchange(held_, 0);
    return true;
  }
  bool may_pass(SteadyTime now) const noexcept { return limit_.allows(now, rate_); }

 private:
  const Rate rate_;
  RateLimit limit_;
  unsigned held_ = 0;
};

// RepeatGuards: a RepeatGuard for each of the names that clients may invent; some names share one.
class RepeatGuards {
 public:
  static constexpr std::size_t kGuards = 512;

  explicit RepeatGuards(unsigned at_once) : guards_(kGuards, RepeatGuard(at_once)) {}
  RepeatGuard& of(std::string_view name) noexcept {
    return guards_[std::hash<std::string_view>()(name) % guards_.size()];
  }

 private:
  std::vector<RepeatGuard> guards_;
};

}  // namespace lb
