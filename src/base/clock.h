// Clock: steady time for every timer, wall time only for display.
// Thread: now functions are safe from any thread.  FakeClock belongs to one test.
// Steady: a wall clock that jumps must never cut or keep a connection.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace lb {

using SteadyTime = std::chrono::steady_clock::time_point;
using WallTime = std::chrono::system_clock::time_point;

// Whole seconds since 1970, as they are written in tokens, marks and documents.
inline std::int64_t unix_seconds(WallTime time) noexcept {
  return std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count();
}

inline std::int64_t unix_ms(WallTime time) noexcept {
  return std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

// Of a file or another program, within 1970 and 2200: the years of ISO 8601, HTTP and X.509 reach
// to 9999, a WallTime to 2262, and differences of two such times overflow.
inline WallTime wall_time(std::int64_t unix_seconds) noexcept {
  constexpr std::int64_t kLast = 7'258'118'400;
  return WallTime(std::chrono::seconds(std::clamp<std::int64_t>(unix_seconds, 0, kLast)));
}

class Clock {
 public:
  virtual ~Clock() = default;
  virtual SteadyTime steady() const noexcept = 0;
  virtual WallTime wall() const noexcept = 0;
  // What the calling thread has worked since some fixed moment; waiting for a processor is not
  // work.
  virtual std::chrono::nanoseconds thread_work() const noexcept = 0;
};

// The machine's clock; lives for the whole process.
const Clock& system_clock();

class FakeClock final : public Clock {
 public:
  SteadyTime steady() const noexcept override { return steady_; }
  WallTime wall() const noexcept override { return wall_; }
  std::chrono::nanoseconds thread_work() const noexcept override { return work_; }
  void work(std::chrono::nanoseconds by) { work_ += by; }
  void advance(std::chrono::nanoseconds by) {
    steady_ += std::chrono::duration_cast<SteadyTime::duration>(by);
    wall_ += std::chrono::duration_cast<WallTime::duration>(by);
  }
  void set_wall(WallTime wall) { wall_ = wall; }

 private:
  SteadyTime steady_{std::chrono::seconds(1000)};
  WallTime wall_{std::chrono::seconds(1'700'000'000)};
  std::chrono::nanoseconds work_{0};
};

}  // namespace lb
