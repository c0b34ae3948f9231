// HeapTrim: returns memory to the kernel after most of a crowd of clients has left.
//
// That memory (of TLS handshakes, request heads, sources) lies between blocks still in use, so
// free() does not return it.
// Thread: control; the clerk returns the pages, which stops allocations for 0.1 ms a MB.
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
  static constexpr std::size_t kCrowd = 256;       // at least, and half of all clients
  static constexpr std::chrono::seconds kRest{2};  // between two trims

  // clients: their present number.
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
