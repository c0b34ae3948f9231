// Loop: one event loop on one thread; Timer, Deadline and Watch: its callbacks.
//
// A loop measures the time that it was away: its process was stopped (SIGSTOP), its machine was
// paused or moved, a task took seconds.  No socket was read then, so no peer was silent: code that
// judges silence uses awake(), or a Deadline.
//
// Thread: post(), stop(), hold(), id(), posted() and clock() may be called from any thread; the
// rest on the loop's own thread (those functions begin with assert_here()).
// Ownership: LoopPool owns loops; the destructor of a Timer or Watch cancels it, so a dead owner is
// never called.
// Callbacks must not throw: a stray exception ends the process with a stack.
#pragma once

#include <event2/event.h>
#include <event2/event_struct.h>

#include <atomic>
#include <cassert>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/unique_fd.h"
#include "base/unique_function.h"

namespace lb {

class Loop {
 public:
  using Task = UniqueFunction<void()>;  // may own a Listener

  Loop(unsigned id, const Clock& clock);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Runs a task on the loop; any thread.  Tasks run in order of posting, after the events of the
  // turn.  The wake-up (a system call) is needed only for a sleeping loop.
  void post(Task task);
  // post() for crowds of small tasks: the first wakes the loop, and those right after it share one
  // wake-up, at most 250 µs later.
  void post_together(Task task);
  void stop();
  // A held loop runs only tasks: no socket is polled, and no timer fires.  Takes effect after the
  // tasks posted before.
  void hold(bool held);
  unsigned id() const noexcept { return id_; }
  // The number of tasks so far; any thread.
  std::uint64_t posted() const noexcept { return posted_.load(std::memory_order_relaxed); }
  const Clock& clock() const noexcept { return clock_; }
  bool works() const noexcept { return works_; }

  void run();                 // until stop()
  void run_once(bool block);  // for tests: one round of events and tasks
  void assert_here() const noexcept { assert(here()); }
  bool here() const noexcept {
    const std::thread::id owner = owner_.load(std::memory_order_relaxed);
    return owner == std::thread::id() || owner == std::this_thread::get_id();
  }
  SteadyTime now() const noexcept { return clock_.steady(); }
  // The total time in which the loop did not turn although it should have.
  SteadyTime::duration away(SteadyTime now) const noexcept;
  SteadyTime::duration away() const noexcept { return away(now()); }
  // A time that stops while the loop is away.  Only for differences.
  SteadyTime awake() const noexcept {
    const SteadyTime time = now();
    return time - away(time);
  }
  // Records that the loop turns; run() calls it.  After the first call, a pause of more than
  // beat_interval() + kLate between two calls is time away.
  void beat() noexcept;
  // Called after each beat of run(), on the loop; one owner.
  void on_beat(UniqueFunction<void()> then) {
    on_beat_ = std::move(then);
    count_beats();
  }
  // Called for a loop whose beats are watched, or which judges silence.
  void count_beats() noexcept;
  // kBeat while the loop is busy.  A loop that turns at most some four times a second sleeps longer
  // and longer, up to kIdleBeat, so that an idle server does not keep a laptop awake; up to
  // kUncountedBeat if its beats are not needed (a disk's thread, one that renders pages).
  SteadyTime::duration beat_interval() const noexcept { return beat_interval_; }
  static constexpr std::chrono::milliseconds kBeat{250};
  static constexpr std::chrono::milliseconds kIdleBeat{2000}, kUncountedBeat{16'000};
  static constexpr std::chrono::milliseconds kLate{250};  // a shorter delay may have other causes
  event_base* base() noexcept { return base_; }

 private:
  void turn(bool may_sleep);
  void wait_for_tasks() noexcept;
  void put(Task task);  // under the mutex
  bool needs_ring() const noexcept;
  void ring();
  void beat_later() noexcept;

  const unsigned id_;
  const Clock& clock_;
  event_base* base_;
  bool works_ = false;
  UniqueFd wake_fd_;
  event wake_event_{};
  UniqueFd alarm_fd_;  // for a later wake-up
  event alarm_event_{};
  event beat_event_{};
  UniqueFunction<void()> on_beat_;
  bool beats_count_ = false;
  std::uint64_t turns_ = 0, turns_at_beat_ = 0;
  SteadyTime::duration beat_interval_{kBeat};
  SteadyTime beat_due_{};  // epoch: beats are not counted
  SteadyTime::duration away_{0};
  std::atomic<std::thread::id> owner_{};
  std::atomic<bool> stopping_{false};
  bool held_ = false;
  std::mutex inbox_mutex_;
  std::vector<Task> inbox_;
  // Under the mutex:
  bool asleep_ = false;  // a posting thread must wake it
  bool alarm_is_set_ = false;
  SteadyTime quiet_until_;                // no wake-up by post_together() before
  std::atomic<std::uint64_t> posted_{0};  // written under the mutex
  std::vector<Task> running_;
};

// One-shot timer.  after() re-arms.
class Timer {
 public:
  Timer(Loop& loop, UniqueFunction<void()> on_time);
  ~Timer() { cancel(); }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  void after(std::chrono::nanoseconds delay);  // never earlier; zero or less: in the next turn
  // Cheap if not armed: a request that is answered at once cancels four times.
  void cancel() noexcept {
    if (armed()) event_del(&event_);
  }
  bool armed() const noexcept {
    return (event_.ev_evcallback.evcb_flags &
            (EVLIST_TIMEOUT | EVLIST_ACTIVE | EVLIST_ACTIVE_LATER)) != 0;
  }

 private:
  event event_{};
  UniqueFunction<void()> on_time_;
};

// A one-shot timer for ending silent peers: after() re-arms.  Time in which the loop was away does
// not count, and bytes that arrived meanwhile are read before on_time is called.
class Deadline {
 public:
  Deadline(Loop& loop, UniqueFunction<void()> on_time);

  void after(std::chrono::nanoseconds delay);
  void cancel() noexcept { timer_.cancel(); }
  bool armed() const noexcept { return timer_.armed(); }

 private:
  void check();

  Loop& loop_;
  UniqueFunction<void()> on_time_;
  SteadyTime::duration away_before_{0};
  Timer timer_;
};

// One fd, level-triggered.  A callback is a plain function and its owner: 16 bytes, because every
// listener has one.
class Watch {
 public:
  using Callback = void (*)(void* owner, short events);

  Watch() = default;
  ~Watch() { stop(); }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  // watch.start<&Listener::on_ready>(loop, fd, EV_READ, this)
  template <auto Method, class Owner>
  void start(Loop& loop, int fd, short events, Owner* owner) {
    start_raw(loop, fd, events, owner,
              [](void* p, short what) { (static_cast<Owner*>(p)->*Method)(what); });
  }
  // Changes the awaited events; 0: none.
  void want(short events) noexcept;
  short wanted() const noexcept { return wanted_; }
  void stop() noexcept;

 private:
  void start_raw(Loop& loop, int fd, short events, void* owner, Callback callback);
  void add() noexcept;

  event event_{};
  event_base* base_ = nullptr;
  void* owner_ = nullptr;
  Callback callback_ = nullptr;
  int fd_ = -1;
  short wanted_ = 0;
};

// coalesced(): the pause until the next multiple of a period on a loop's clock, so that periodic
// checks wake an idle loop together: at most four times a second if the periods are multiples of
// 250 ms.  From an eighth of `every` to nine eighths.
inline std::chrono::microseconds coalesced(const Loop& loop, std::chrono::microseconds every) {
  const auto now = std::chrono::floor<std::chrono::microseconds>(loop.now().time_since_epoch());
  const auto left = every - now % every;
  return left < every / 8 ? left + every : left;
}

}  // namespace lb
