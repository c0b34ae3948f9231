// What of the system calls a driver of loops wants to know.
// Thread: one.
#pragma once

#include <chrono>

struct event_base;

namespace lb::sim {

// The loop that turns now.  In place of sleeping it returns, and says until when it would have.
struct Turning {
  event_base* base = nullptr;
  std::chrono::nanoseconds timeout{-1};  // until its next timer; -1: it has none
  bool slept = false;
  int poll = -1;  // its epoll
};
void set_turning(Turning* turning) noexcept;

}  // namespace lb::sim
