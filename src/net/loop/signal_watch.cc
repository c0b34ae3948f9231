#include "net/loop/signal_watch.h"

#include <pthread.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <utility>

namespace lb {

SignalWatch::SignalWatch(Loop& loop, int number, UniqueFunction<void(std::uint64_t)> on_signal)
    : on_signal_(std::move(on_signal)) {
  ::sigemptyset(&signal_);
  ::sigaddset(&signal_, number);
  ::pthread_sigmask(SIG_BLOCK, &signal_, nullptr);
  arrivals_ = UniqueFd(::signalfd(-1, &signal_, SFD_CLOEXEC | SFD_NONBLOCK));
  watch_.start<&SignalWatch::on_readable>(loop, arrivals_.get(), EV_READ, this);
}

SignalWatch::~SignalWatch() {
  watch_.stop();
  // A signal that is still pending would kill the process when it is unblocked.
  take();
  ::pthread_sigmask(SIG_UNBLOCK, &signal_, nullptr);
}

std::optional<std::uint64_t> SignalWatch::take() {
  signalfd_siginfo got{};
  if (::read(arrivals_.get(), &got, sizeof got) != sizeof got) return std::nullopt;
  return got.ssi_code == SI_QUEUE ? got.ssi_ptr : 0;
}

void SignalWatch::on_readable(short) {
  if (const auto value = take()) on_signal_(*value);
}

}  // namespace lb
