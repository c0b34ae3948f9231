#include "base/thread.h"

#include <pthread.h>
#include <signal.h>

#include <string>
#include <system_error>
#include <utility>

#include "base/cat.h"

namespace lb {

Result<std::thread> make_thread(const char* name, UniqueFunction<void()> run) {
  // The new thread inherits this mask, so signals stay with the creating thread.
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread thread;
  std::string problem;
  try {
    thread = std::thread([name, run = std::move(run)]() mutable {
      ::pthread_setname_np(::pthread_self(), name);
      run();
    });
  } catch (const std::system_error& error) {
    problem = error.code().message();
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (problem.empty()) return thread;
  return Error::io(cat({"thread ", name, ": the system makes no more threads (", problem,
                        "): the limit of processes (ulimit -u, TasksMax=) or memory is reached"}));
}

Result<void> HeldThread::make(const char* name, UniqueFunction<void()> run) {
  auto made = make_thread(name, [this, run = std::move(run)]() mutable {
    {
      std::unique_lock<std::mutex> lock(mutex_);
      changed_.wait(lock, [this] { return state_ != State::kHeld; });
      if (state_ == State::kGivenUp) return;
    }
    run();
  });
  if (!made) return made.error();
  thread_ = std::move(*made);
  return {};
}

void HeldThread::begin() { let_go(State::kRuns); }

void HeldThread::let_go(State state) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (state_ != State::kHeld) return;
  state_ = state;
  changed_.notify_all();
}

void HeldThread::join() {
  if (!thread_.joinable()) return;
  let_go(State::kGivenUp);
  thread_.join();
}

}  // namespace lb
