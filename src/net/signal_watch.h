// SignalWatch: calls back on its loop when the process gets a signal.
// Thread: one loop of the process (control) watches all signals; the others block them.
// Ownership: a member of the object that is called; the destructor stops watching.
#pragma once

#include "base/unique_function.h"
#include "net/loop.h"

namespace lb {

class SignalWatch {
 public:
  SignalWatch(Loop& loop, int number, UniqueFunction<void()> on_signal);
  ~SignalWatch();
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

 private:
  event event_{};
  UniqueFunction<void()> on_signal_;
};

}  // namespace lb
