// LoopLag: how long a task waits before a worker takes it: the longest turn of a loop lately, as
// the masters are told it.  A node whose loops are stuck must look so.
//
// Thread: control; the probes run on the workers.  Ownership: ClusterLinks.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include "net/loop_pool.h"

namespace lb {

class LoopLag {
 public:
  explicit LoopLag(LoopPool& loops);
  // Sends a probe to every worker that has answered the last one.
  void probe();
  // Of the last answers, or of a probe that is waiting.
  unsigned longest_ms() const noexcept;

 private:
  // Lives as long as a probe is on its way.
  struct Lane {
    SteadyTime sent{};
    bool waiting = false;
    std::chrono::milliseconds took{0};
  };
  LoopPool& loops_;
  std::vector<std::shared_ptr<Lane>> lanes_;
};

}  // namespace lb
