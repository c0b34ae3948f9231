#include "net/loop/loop_pool.h"

#include <pthread.h>
#include <signal.h>

namespace lb {
namespace {

// Signals are for control alone, which reads them through its loop.
void run_without_signals(Loop& loop, const char* name) {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  pthread_setname_np(pthread_self(), name);
  loop.run();
}

}  // namespace

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

void LoopPool::start() {
  if (control_ == loops_[0].get()) return;
  for (unsigned i = 0; i < worker_count_; ++i)
    threads_.emplace_back([this, i] { run_without_signals(*loops_[i], "worker"); });
  threads_.emplace_back([this] { run_without_signals(*clerk_, "clerk"); });
}

void LoopPool::join() {
  for (auto& loop : loops_)
    if (loop.get() != control_) loop->stop();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

}  // namespace lb
