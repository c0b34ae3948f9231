#include "net/loop.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace lb {

Loop::Loop(unsigned id, const Clock& clock) : id_(id), clock_(clock) {
  event_config* config = event_config_new();
  event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
  event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER);
  base_ = event_base_new_with_config(config);
  event_config_free(config);
  wake_fd_.reset(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  event_assign(
      &wake_event_, base_, wake_fd_.get(), EV_READ | EV_PERSIST,
      [](evutil_socket_t fd, short, void*) {
        std::uint64_t count = 0;
        // Level-triggered: a failed read only means another round.
        [[maybe_unused]] const auto n = ::read(fd, &count, sizeof count);
      },
      nullptr);
  event_add(&wake_event_, nullptr);
}

Loop::~Loop() {
  // Tasks own connections and files; they go before the base that their watches point to.
  running_.clear();
  inbox_.clear();
  event_del(&wake_event_);
  event_base_free(base_);
}

void Loop::post(Task task) {
  bool asleep = false;
  {
    std::lock_guard<std::mutex> guard(inbox_mutex_);
    inbox_.push_back(std::move(task));
    posted_.store(posted_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    asleep = std::exchange(asleep_, false);
  }
  if (!asleep) return;  // it is awake and looks before it sleeps, or another one has rung
  ring();
}

void Loop::post_together(Loop& from, Task task) {
  from.assert_here();
  {
    std::lock_guard<std::mutex> guard(inbox_mutex_);
    inbox_.push_back(std::move(task));
    posted_.store(posted_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
  if (this != &from && std::find(from.to_ring_.begin(), from.to_ring_.end(), this) == from.to_ring_.end())
    from.to_ring_.push_back(this);
}

void Loop::ring() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto n = ::write(wake_fd_.get(), &one, sizeof one);
}

void Loop::ring_others() {
  for (Loop* other : to_ring_) {
    bool asleep = false;
    {
      std::lock_guard<std::mutex> guard(other->inbox_mutex_);
      asleep = std::exchange(other->asleep_, false);
    }
    if (asleep) other->ring();
  }
  to_ring_.clear();
}

void Loop::turn(bool may_sleep) {
  {
    std::lock_guard<std::mutex> guard(inbox_mutex_);
    may_sleep = may_sleep && inbox_.empty();
    asleep_ = may_sleep;
  }
  event_base_loop(base_, EVLOOP_ONCE | (may_sleep ? 0 : EVLOOP_NONBLOCK));
  {
    std::lock_guard<std::mutex> guard(inbox_mutex_);
    asleep_ = false;
    running_.swap(inbox_);
  }
  for (Task& task : running_) task();
  running_.clear();
  if (!to_ring_.empty()) ring_others();
}

void Loop::stop() {
  stopping_.store(true, std::memory_order_relaxed);
  post([] {});
}

void Loop::run() {
  owner_.store(std::this_thread::get_id(), std::memory_order_relaxed);
  while (!stopping_.load(std::memory_order_relaxed)) turn(true);
  turn(false);  // what was posted on the way out, such as last log lines
  owner_.store(std::thread::id(), std::memory_order_relaxed);
}

void Loop::run_once(bool block) { turn(block); }

Timer::Timer(Loop& loop, UniqueFunction<void()> on_time) : on_time_(std::move(on_time)) {
  event_assign(
      &event_, loop.base(), -1, 0,
      [](evutil_socket_t, short, void* self) { static_cast<Timer*>(self)->on_time_(); }, this);
}

void Timer::after(std::chrono::microseconds delay) {
  if (delay.count() < 0) delay = std::chrono::microseconds(0);
  timeval time{};
  time.tv_sec = static_cast<time_t>(delay.count() / 1'000'000);
  time.tv_usec = static_cast<suseconds_t>(delay.count() % 1'000'000);
  event_add(&event_, &time);
}

void Timer::cancel() noexcept { event_del(&event_); }
bool Timer::armed() const noexcept { return event_pending(&event_, EV_TIMEOUT, nullptr) != 0; }

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
  if (events == 0) return;
  event_assign(
      &event_, base_, fd_, static_cast<short>(events | EV_PERSIST),
      [](evutil_socket_t, short what, void* self) {
        auto* watch = static_cast<Watch*>(self);
        watch->callback_(watch->owner_, what);  // may destroy the watch
      },
      this);
  event_add(&event_, nullptr);
}

void Watch::stop() noexcept {
  if (base_ == nullptr) return;
  if (wanted_ != 0) event_del(&event_);
  wanted_ = 0;
  base_ = nullptr;
}

}  // namespace lb
