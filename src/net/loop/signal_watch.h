// SignalWatch: calls back on its loop for a signal, with the value sent by sigqueue(3); 0: none.
//
// The signal is blocked and read from a descriptor (signalfd(2)), so it is pending in the kernel
// until the loop reads it: a held loop takes no signal, and the program that follows by exec gets
// signals that came meanwhile.
//
// Thread: one loop (control) watches all signals; other threads block them.  It is made on the
// thread that runs the loop.
// Ownership: a member of the called object; the destructor ends the watch and restores the signal's
// default effect.
#pragma once

#include <signal.h>

#include <cstdint>
#include <optional>

#include "base/unique_fd.h"
#include "base/unique_function.h"
#include "net/loop/loop.h"

namespace lb {

class SignalWatch {
 public:
  SignalWatch(Loop& loop, int number, UniqueFunction<void(std::uint64_t)> on_signal);
  ~SignalWatch();
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

 private:
  void on_readable(short events);
  std::optional<std::uint64_t> take();

  UniqueFunction<void(std::uint64_t)> on_signal_;
  sigset_t signal_{};
  UniqueFd arrivals_;
  Watch watch_;
};

}  // namespace lb
