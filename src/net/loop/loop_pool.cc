#include "net/loop/loop_pool.h"

namespace lb {

LoopPool::LoopPool(unsigned workers, const Clock& clock)
    : worker_count_(workers == 0 ? 1 : workers) {
  for (unsigned i = 0; i < worker_count_; ++i) loops_.push_back(std::make_unique<Loop>(i, clock));
  if (workers == 0) {
    control_ = clerk_ = loops_[0].get();
    return;
  }
  loops_.push_back(std::make_unique<Loop>(worker_count_, clock));
  control_ = loops_.back().get();
  loops_.push_back(std::make_unique<Loop>(worker_count_ + 1, clock));
  clerk_ = loops_.back().get();
}

LoopPool::~LoopPool() { join(); }

Result<void> LoopPool::make() {
  if (control_ == loops_[0].get()) return {};
  const auto add = [this](const char* name, Loop& loop) {
    threads_.push_back(std::make_unique<HeldThread>());
    return threads_.back()->make(name, [&loop] { loop.run(); });
  };
  for (unsigned i = 0; i < worker_count_; ++i)
    if (auto made = add("worker", *loops_[i]); !made) return made;
  return add("clerk", *clerk_);
}

void LoopPool::begin() {
  for (const auto& thread : threads_) thread->begin();
}

void LoopPool::join() {
  for (auto& loop : loops_)
    if (loop.get() != control_) loop->stop();
  for (const auto& thread : threads_) thread->join();
  threads_.clear();
}

}  // namespace lb
