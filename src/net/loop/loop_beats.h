// LoopBeats: whether every loop still turns, and how late it comes to what it should do.
//
// Each loop beats four times a second, and less often while it has nothing to do
// (Loop::beat_interval()). How much later it beats is what everything else on that loop had to wait
// too.  A loop that hangs stops beating; the others see that.
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
  std::string name;                      // "worker0", "control", "clerk"
  bool vital = true;                     // the clerk may be slow: no stream depends on it
  SteadyTime last{};                     // turned
  std::chrono::nanoseconds late{0};      // the worst of the last 10 to 20 s
  std::chrono::nanoseconds late_now{0};  // of the last turn, or of one that is overdue
  std::chrono::nanoseconds worked{0};    // processor time of its thread
  std::uint64_t tasks = 0;               // that were posted to it
};

class LoopBeats {
 public:
  explicit LoopBeats(LoopPool& loops);
  ~LoopBeats();
  LoopBeats(const LoopBeats&) = delete;
  LoopBeats& operator=(const LoopBeats&) = delete;

  // From now on a loop that does not turn counts as one that hangs.
  void start();
  // Of none before start().
  std::vector<LoopBeat> read() const;
  // Every worker and control have turned within `limit`.
  bool alive(std::chrono::nanoseconds limit) const noexcept;

  // What a beat of one loop does, on that loop; in the order of read().
  void beat(std::size_t loop);

  static constexpr std::chrono::milliseconds kInterval = Loop::kBeat;
  static constexpr std::chrono::seconds kWindow{10};

 private:
  class Heart;
  std::vector<std::unique_ptr<Heart>> hearts_;
};

}  // namespace lb
