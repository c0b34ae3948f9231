// LoopBeats: whether every loop still turns, and its delay.
//
// Each loop beats four times a second, and less often while idle (Loop::beat_interval()).  All work
// on a loop is as late as its beat.  A loop that hangs stops beating, which the other loops see.
// Thread: made and ended while no loop runs; read() and alive() from any thread.
// Ownership: the app; the loops outlive it.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "net/loop/loop.h"
#include "net/loop/loop_pool.h"

namespace lb {

struct LoopBeat {
  std::string name;   // "worker0", "control", "clerk"
  bool vital = true;  // false: the clerk may be slow, because no stream depends on it
  SteadyTime last{};  // its last turn
  std::chrono::nanoseconds late{0};      // the worst of the last 10 to 20 s
  std::chrono::nanoseconds late_now{0};  // of the last turn, or of an overdue one
  std::chrono::nanoseconds worked{0};    // processor time of its thread
  std::uint64_t tasks = 0;               // that were posted to it
};

class LoopBeats {
 public:
  explicit LoopBeats(LoopPool& loops);
  ~LoopBeats();
  LoopBeats(const LoopBeats&) = delete;
  LoopBeats& operator=(const LoopBeats&) = delete;

  // From now on a loop that does not turn counts as hanging.
  void start();
  // Empty before start().
  std::vector<LoopBeat> read() const;
  // Whether every worker and control have turned within `limit`.
  bool alive(std::chrono::nanoseconds limit) const noexcept;

  // Called by the beat of one loop, on that loop; in the order of read().
  void beat(std::size_t loop);

  static constexpr std::chrono::milliseconds kInterval = Loop::kBeat;
  static constexpr std::chrono::seconds kWindow{10};

 private:
  class Heart;
  std::vector<std::unique_ptr<Heart>> hearts_;
};

}  // namespace lb
