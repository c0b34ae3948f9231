// HeapTrim: gives the kernel back what a crowd of clients had, when most of it has left.
//
// That memory (of TLS handshakes, heads of requests, sources) lies between what is still used, and
// free() returns no page of it.
// Thread: control; the pages are returned by the clerk, and hold up what allocates for a tenth of a
// millisecond each MB.
// Ownership: Server; the loops outlive it.
// Source: malloc_trim(3).
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>

#include "net/loop/loop.h"
#include "net/loop/loop_pool.h"

namespace lb {

class HeapTrim {
 public:
  static constexpr std::size_t kCrowd = 256;       // so many have left, and half of all
  static constexpr std::chrono::seconds kRest{2};  // between two

  // clients: how many there are now.
  HeapTrim(LoopPool& loops, std::function<std::size_t()> clients);
  void start() { check(); }

 private:
  void check();

  LoopPool& loops_;
  const std::function<std::size_t()> clients_;
  std::size_t most_ = 0, before_ = 0;
  SteadyTime next_{};
  Timer timer_;
};

}  // namespace lb
