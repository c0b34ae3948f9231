// LogWriter: schedules the writing of log lines on the disk thread: the first at once, the lines of
// a busy server together, so that a worker with thousands of requests a second does not wake the
// thread for each.
//
// Thread: post() from any; the work runs on the loop.
// Ownership: Server; the loop has ended before the destructor.
// Bounds: one piece of work waits (Log asks again when it has run).
#pragma once

#include <chrono>

#include "base/unique_function.h"
#include "net/loop/loop.h"

namespace lb {

class LogWriter {
 public:
  // One write each kPace on average, and kBurst's worth of writes at once.
  static constexpr std::chrono::milliseconds kPace{5}, kBurst{1000};

  explicit LogWriter(Loop& loop) : loop_(loop), timer_(loop, [this] { run(); }) {}

  void post(UniqueFunction<void()> work);

 private:
  void run();

  Loop& loop_;
  Timer timer_;
  UniqueFunction<void()> work_;
  SteadyTime paced_{};  // when the average is kept again
};

}  // namespace lb
