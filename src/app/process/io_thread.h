// IoThread: one loop on a thread of its own, for work that waits for disks, or for a processor.
// Thread: made and ended on the main thread.
// Ownership: Services.
// begin() or start() must come before any posted work is expected to run; join() runs all posted
// work.
#pragma once

#include "base/thread.h"
#include "net/loop/loop.h"

namespace lb {

class IoThread {
 public:
  // name: for `top -H`; at most 15 characters.
  IoThread(unsigned id, const Clock& clock, const char* name) : loop_(id, clock), name_(name) {}
  ~IoThread() { join(); }
  Loop& loop() noexcept { return loop_; }
  // Makes the thread, which waits for begin().
  Result<void> make() {
    return thread_.make(name_, [this] { loop_.run(); });
  }
  void begin() { thread_.begin(); }
  Result<void> start() {
    if (auto made = make(); !made) return made;
    begin();
    return {};
  }
  void join() {
    if (!thread_.is_made()) return;
    loop_.stop();
    thread_.join();
  }

 private:
  Loop loop_;
  const char* const name_;
  HeldThread thread_;
};

}  // namespace lb
