// LoopPause: stops all workers, with no task under way between them and control, so that control
// alone may read and write their objects.
// begin() holds control and the workers (Loop::hold): sockets and timers wait, tasks run.  Tasks
// may own a lease or a listener and post others, so rounds over all loops follow until one brings
// no new task.  Then each worker waits inside a task until end().  The clerk goes on; its tasks
// wait in an inbox.
//
// Thread: control.
// Ownership: its user; it outlives the pause.
// Errors: the loops do not come to rest within `patience`: they are released, and `then` gets the
// error.
#pragma once

#include <chrono>
#include <memory>

#include "base/result.h"
#include "base/unique_function.h"
#include "net/loop/loop_pool.h"

namespace lb {

class LoopPause {
 public:
  using Then = UniqueFunction<void(Result<void>)>;

  explicit LoopPause(LoopPool& loops) : loops_(loops) {}
  LoopPause(const LoopPause&) = delete;
  LoopPause& operator=(const LoopPause&) = delete;
  ~LoopPause();

  // REQUIRES: no pause
  void begin(std::chrono::milliseconds patience, Then then);
  // Resumes all loops.
  void end();
  // When all loops were held.
  SteadyTime since() const noexcept { return since_; }

 private:
  struct Park;
  bool is_one_loop() const;
  void hold(bool held);
  void round(std::uint64_t before);
  void park_workers();
  void give_up();
  std::uint64_t posted() const;

  LoopPool& loops_;
  SteadyTime until_{}, since_{};
  Then then_;
  std::shared_ptr<Park> park_;  // null: no worker waits
};

}  // namespace lb
