// Threads of the program: each has a name, signals are blocked, because control alone takes them,
// and a failure to create one is an error.
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

// A thread that is created early, while a failure can still be reported, and runs later.
class HeldThread {
 public:
  HeldThread() = default;
  ~HeldThread() { join(); }
  HeldThread(const HeldThread&) = delete;
  HeldThread& operator=(const HeldThread&) = delete;

  // REQUIRES: !is_made()
  Result<void> make(const char* name, UniqueFunction<void()> run);
  bool is_made() const noexcept { return thread_.joinable(); }
  void begin();
  // A thread that has not begun never runs.
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
