#include "net/signal_watch.h"

#include <utility>

namespace lb {

SignalWatch::SignalWatch(Loop& loop, int number, UniqueFunction<void()> on_signal)
    : on_signal_(std::move(on_signal)) {
  event_assign(
      &event_, loop.base(), number, EV_SIGNAL | EV_PERSIST,
      [](evutil_socket_t, short, void* self) { static_cast<SignalWatch*>(self)->on_signal_(); },
      this);
  event_add(&event_, nullptr);
}

SignalWatch::~SignalWatch() { event_del(&event_); }

}  // namespace lb
