// LoopPool: N workers that move bytes, control that decides, and the clerk, which may be slow.
//
// Thread: worker(), control(), clerk() and gather() from any thread after start().
// Ownership: app::Server owns the pool; it outlives all objects on its loops.
// With zero workers all three are one loop on the caller's thread: the same code in a fixed order.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "base/thread.h"
#include "net/loop/loop.h"

namespace lb {

class LoopPool {
 public:
  LoopPool(unsigned workers, const Clock& clock);
  ~LoopPool();

  unsigned workers() const noexcept { return worker_count_; }
  Loop& worker(unsigned i) noexcept { return *loops_[i]; }
  Loop& control() noexcept { return *control_; }
  Loop& clerk() noexcept { return *clerk_; }

  // False: a loop lacks its wake-up descriptor, and the server cannot start.
  bool works() const noexcept {
    for (const auto& loop : loops_)
      if (!loop->works()) return false;
    return true;
  }

  // Makes the worker and clerk threads, which wait for begin(); control runs where run() is called.
  Result<void> make();
  void begin();
  Result<void> start() {
    if (auto made = make(); !made) return made;
    begin();
    return {};
  }
  void run() { control_->run(); }
  // Any thread: makes run() return; then join() stops the others.
  void stop_control() { control_->stop(); }
  void join();

  // Calls ask(worker index) on every worker and, when all have answered, done(answers) on
  // control.  Answers come in the order of the workers.
  template <class T, class Ask, class Done>
  void gather(Ask ask, Done done) {
    struct Round {
      std::vector<T> answers;
      unsigned left;
      Done done;
    };
    auto round = std::make_shared<Round>(
        Round{std::vector<T>(worker_count_), worker_count_, std::move(done)});
    for (unsigned i = 0; i < worker_count_; ++i) {
      worker(i).post([this, i, round, ask]() mutable {
        auto answer = std::make_shared<T>(ask(i));
        control_->post([i, round, answer = std::move(answer)] {
          round->answers[i] = std::move(*answer);
          if (--round->left == 0) round->done(std::move(round->answers));
        });
      });
    }
  }

 private:
  std::vector<std::unique_ptr<Loop>> loops_;  // workers first
  unsigned worker_count_;
  Loop* control_;
  Loop* clerk_;
  std::vector<std::unique_ptr<HeldThread>> threads_;
};

}  // namespace lb
