// LogWriter: when the thread that waits for disks writes the lines of logs: the first at once,
// those of a busy server together, so that a worker that answers thousands of requests a second
// does not wake it for each of them.
//
// Thread: post() from any; the work runs on the loop.
// Ownership: Server; its loop has ended when it goes.
// Bounds: one piece of work waits (Log asks again when it has run).
#pragma once

#include <chrono>

#include "base/unique_function.h"
#include "net/loop/loop.h"

namespace lb {

class LogWriter {
 public:
  // One write each kPace in the long run, and what a second of that would be at once.
  static constexpr std::chrono::milliseconds kPace{5}, kBurst{1000};

  explicit LogWriter(Loop& loop) : loop_(loop), timer_(loop, [this] { run(); }) {}

  void post(UniqueFunction<void()> work);

 private:
  void run();

  Loop& loop_;
  Timer timer_;
  UniqueFunction<void()> work_;
  SteadyTime paced_{};  // when what was written is within the pace
};

}  // namespace lb
