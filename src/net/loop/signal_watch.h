// SignalWatch: calls back on its loop when the process gets a signal, with the value that
// sigqueue(3) sent along; 0: none.
//
// The signal is blocked and read from a descriptor (signalfd(2)): until the loop has read it, it is
// pending in the kernel.  So a loop that is held takes none, and the program that the process
// becomes by exec gets those that have come meanwhile.
//
// Thread: one loop of the process (control) watches all signals; the others block them.  The thread
// that makes this one is the one that runs the loop.
// Ownership: a member of the object that is called; the destructor stops watching and lets the
// signal do what it does by itself.
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
