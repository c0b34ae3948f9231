// Threads of the program: all signals are for control alone, each has a name, and that the system
// makes no more of them is an error.
// Thread: of HeldThread: its owner's.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/result.h"
#include "base/unique_function.h"

namespace lb {

// name: for `top -H`; at most 15 letters.
Result<std::thread> make_thread(const char* name, UniqueFunction<void()> run);

// One that is made while a lack of threads can still be answered, and runs later.
class HeldThread {
 public:
  HeldThread() = default;
  ~HeldThread() { join(); }
  HeldThread(const HeldThread&) = delete;
  HeldThread& operator=(const HeldThread&) = delete;

  // REQUIRES: none is made
  Result<void> make(const char* name, UniqueFunction<void()> run);
  bool is_made() const noexcept { return thread_.joinable(); }
  void begin();
  // What has not begun never runs.
  void join();

 private:
  enum class State : unsigned char { kHeld, kRuns, kGivenUp };
  void let_go(State state);

  std::mutex mutex_;
  std::condition_variable changed_;
  State state_ = State::kHeld;
  std::thread thread_;
};

}  // namespace lb
