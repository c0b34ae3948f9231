// IoThread: one loop on a thread of its own, for work that waits for disks, or for a processor.
// Thread: made and ended on the main thread.
// Ownership: Services.
// start() before the first work can be seen done; join() runs what was posted before it.
#pragma once

#include <pthread.h>
#include <signal.h>

#include <thread>

#include "net/loop/loop.h"

namespace lb {

class IoThread {
 public:
  // name: for `top -H`; at most 15 letters.
  IoThread(unsigned id, const Clock& clock, const char* name) : loop_(id, clock), name_(name) {}
  ~IoThread() { join(); }
  Loop& loop() noexcept { return loop_; }
  void start() {
    thread_ = std::thread([this] {
      sigset_t all;
      ::sigfillset(&all);
      ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
      ::pthread_setname_np(::pthread_self(), name_);
      loop_.run();
    });
  }
  void join() {
    if (!thread_.joinable()) return;
    loop_.stop();
    thread_.join();
  }

 private:
  Loop loop_;
  const char* const name_;
  std::thread thread_;
};

}  // namespace lb
