#include "net/loop/loop.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "net/loop/shortage.h"

namespace lb {
namespace {

// The shortest pause between two wake-ups of a loop by post_together().
constexpr std::chrono::microseconds kQuiet{250};
constexpr int kAddAgainUs = 100000;  // for a watch that the kernel refused

// The watch whose callback runs on this thread; null: it was stopped meanwhile.
struct Called {
  const Watch* watch = nullptr;
  bool shortage = false;
};
thread_local Called called;

}  // namespace

void note_shortage() noexcept { called.shortage = true; }

Loop::Loop(unsigned id, const Clock& clock) : id_(id), clock_(clock) {
  event_config* config = event_config_new();
  event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
  event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER);
  base_ = event_base_new_with_config(config);
  event_config_free(config);
  wake_fd_.reset(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  alarm_fd_.reset(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
  // The wake-ups are edge-triggered, so the counter need not be read.
  const auto wakes = [this](event& waker, int fd) {
    event_assign(
        &waker, base_, fd, EV_READ | EV_ET | EV_PERSIST, [](evutil_socket_t, short, void*) {},
        nullptr);
    return fd >= 0 && event_add(&waker, nullptr) == 0;
  };
  works_ = wakes(wake_event_, wake_fd_.get());
  works_ = wakes(alarm_event_, alarm_fd_.get()) && works_;
  event_assign(
      &beat_event_, base_, -1, 0,
      [](evutil_socket_t, short, void* self) {
        auto& loop = *static_cast<Loop*>(self);
        // Allows for the turn of this beat, and a few turns of periodic timers.
        const auto few = 1 + static_cast<std::uint64_t>(loop.beat_interval_ / kBeat);
        const bool idle = loop.turns_ - loop.turns_at_beat_ <= few;
        loop.turns_at_beat_ = loop.turns_;
        const SteadyTime::duration longest = loop.beats_count_ ? kIdleBeat : kUncountedBeat;
        loop.beat_interval_ = idle ? std::min(loop.beat_interval_ * 2, longest) : kBeat;
        loop.beat();
        loop.beat_later();
        if (loop.on_beat_) loop.on_beat_();
      },
      this);
}

Loop::~Loop() {
  // Tasks own connections and files, whose watches point to the base, so they go first.
  running_.clear();
  inbox_.clear();
  event_del(&wake_event_);
  event_del(&alarm_event_);
  event_del(&beat_event_);
  event_base_free(base_);
}

void Loop::put(Task task) {
  inbox_.push_back(std::move(task));
  posted_.store(posted_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

// In a callback asleep_ may still be set, but the loop checks the inbox before it sleeps.
bool Loop::needs_ring() const noexcept {
  return asleep_ && owner_.load(std::memory_order_relaxed) != std::this_thread::get_id();
}

void Loop::post(Task task) {
  {
    std::lock_guard<std::mutex> guard(inbox_mutex_);
    put(std::move(task));
    if (!needs_ring()) return;
    asleep_ = false;
  }
  ring();
}

void Loop::post_together(Task task) {
  std::chrono::nanoseconds wait{};
  {
    std::lock_guard<std::mutex> guard(inbox_mutex_);
    put(std::move(task));
    if (alarm_is_set_ || !needs_ring()) return;
    const SteadyTime now = clock_.steady();
    if (now < quiet_until_) {
      wait = std::min<std::chrono::nanoseconds>(quiet_until_ - now, kQuiet);
      alarm_is_set_ = true;
    } else {
      asleep_ = false;
    }
    quiet_until_ = now + wait + kQuiet;
  }
  if (wait.count() == 0) {
    ring();
    return;
  }
  itimerspec alarm{};
  alarm.it_value.tv_nsec = wait.count();
  ::timerfd_settime(alarm_fd_.get(), 0, &alarm, nullptr);
}

void Loop::ring() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto n = ::write(wake_fd_.get(), &one, sizeof one);
}

void Loop::turn(bool may_sleep) {
  ++turns_;
  {
    std::lock_guard<std::mutex> guard(inbox_mutex_);
    may_sleep = may_sleep && inbox_.empty();
    asleep_ = may_sleep;
  }
  if (!held_)
    event_base_loop(base_, EVLOOP_ONCE | (may_sleep ? 0 : EVLOOP_NONBLOCK));
  else if (may_sleep)
    wait_for_tasks();
  {
    std::lock_guard<std::mutex> guard(inbox_mutex_);
    asleep_ = false;
    alarm_is_set_ = false;
    running_.swap(inbox_);
  }
  for (Task& task : running_) task();
  running_.clear();
}

// The wake-ups are edge-triggered, so reading their descriptors takes nothing from the base.
void Loop::wait_for_tasks() noexcept {
  std::array<pollfd, 2> bells{{{wake_fd_.get(), POLLIN, 0}, {alarm_fd_.get(), POLLIN, 0}}};
  if (::poll(bells.data(), bells.size(), -1) <= 0) return;
  for (const pollfd& bell : bells) {
    std::uint64_t rings = 0;
    if (bell.revents == 0) continue;
    [[maybe_unused]] const auto n = ::read(bell.fd, &rings, sizeof rings);
  }
}

void Loop::hold(bool held) {
  post([this, held] { held_ = held; });
}

void Loop::stop() {
  stopping_.store(true, std::memory_order_relaxed);
  post([] {});
}

void Loop::beat_later() noexcept {
  // At the times of the periodic checks (coalesced()), so that an idle loop wakes up once for both.
  const auto every = std::chrono::ceil<std::chrono::microseconds>(beat_interval_);
  const auto time_now = std::chrono::floor<std::chrono::microseconds>(now().time_since_epoch());
  const auto delay = std::max(every - time_now % every, every / 8).count();
  const timeval time{delay / 1'000'000, delay % 1'000'000};
  event_add(&beat_event_, &time);
}

void Loop::beat() noexcept {
  const SteadyTime time = now();
  away_ = away(time);
  beat_due_ = time + beat_interval_;
}

void Loop::count_beats() noexcept {
  if (std::exchange(beats_count_, true) || beat_interval_ <= kIdleBeat) return;
  beat_interval_ = kBeat;
  beat();
  beat_later();
}

SteadyTime::duration Loop::away(SteadyTime now) const noexcept {
  const bool away = beat_due_ != SteadyTime{} && now > beat_due_ + kLate;
  return away ? away_ + (now - beat_due_ - kLate) : away_;
}

void Loop::run() {
  owner_.store(std::this_thread::get_id(), std::memory_order_relaxed);
  beat();
  beat_later();
  while (!stopping_.load(std::memory_order_relaxed)) turn(true);
  turn(false);  // tasks posted during the last turn, such as log lines
  event_del(&beat_event_);
  beat_due_ = {};
  owner_.store(std::thread::id(), std::memory_order_relaxed);
}

void Loop::run_once(bool block) { turn(block); }

Timer::Timer(Loop& loop, UniqueFunction<void()> on_time) : on_time_(std::move(on_time)) {
  event_assign(
      &event_, loop.base(), -1, 0,
      [](evutil_socket_t, short, void* self) { static_cast<Timer*>(self)->on_time_(); }, this);
}

void Timer::after(std::chrono::nanoseconds delay) {
  const auto us =
      std::max<std::int64_t>(0, std::chrono::ceil<std::chrono::microseconds>(delay).count());
  timeval time{};
  time.tv_sec = static_cast<time_t>(us / 1'000'000);
  time.tv_usec = static_cast<suseconds_t>(us % 1'000'000);
  event_add(&event_, &time);
}

Deadline::Deadline(Loop& loop, UniqueFunction<void()> on_time)
    : loop_(loop), on_time_(std::move(on_time)), timer_(loop, [this] { check(); }) {
  loop.count_beats();
}

void Deadline::after(std::chrono::nanoseconds delay) {
  away_before_ = loop_.away();
  timer_.after(delay);
}

// An interrupted wait (as by SIGCONT) lets timers fire before any socket is polled, so a late timer
// alone does not prove silence.
void Deadline::check() {
  const auto away = loop_.away();
  if (away == away_before_) {
    on_time_();  // may destroy this
    return;
  }
  timer_.after(away - away_before_);
  away_before_ = away;
}

void Watch::start_raw(Loop& loop, int fd, short events, void* owner, Callback callback) {
  stop();
  base_ = loop.base();
  fd_ = fd;
  owner_ = owner;
  callback_ = callback;
  want(events);
}

void Watch::want(short events) noexcept {
  if (events == wanted_ || base_ == nullptr) return;
  if (wanted_ != 0) event_del(&event_);
  wanted_ = events;
  if (events != 0) add();
}

void Watch::add() noexcept {
  static constexpr auto add_later = [](Watch& watch) {
    event_assign(
        &watch.event_, watch.base_, -1, 0,
        [](evutil_socket_t, short, void* self) { static_cast<Watch*>(self)->add(); }, &watch);
    const timeval later{0, kAddAgainUs};
    event_add(&watch.event_, &later);
  };
  event_assign(
      &event_, base_, fd_, static_cast<short>(wanted_ | EV_PERSIST),
      [](evutil_socket_t, short what, void* self) {
        auto* watch = static_cast<Watch*>(self);
        called = {watch};
        watch->callback_(watch->owner_, what);  // may destroy the watch
        const Called was = std::exchange(called, {});
        if (was.watch == nullptr || !was.shortage || watch->wanted_ == 0) return;
        event_del(&watch->event_);
        add_later(*watch);
      },
      this);
  // The kernel has no memory for the watch.  Readiness is level-triggered, so nothing is lost.
  if (event_add(&event_, nullptr) != 0) add_later(*this);
}

void Watch::stop() noexcept {
  if (base_ == nullptr) return;
  if (wanted_ != 0) event_del(&event_);
  if (called.watch == this) called.watch = nullptr;
  wanted_ = 0;
  base_ = nullptr;
}

}  // namespace lb
