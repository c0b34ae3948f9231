#include "net/loop/signal_watch.h"

#include <signal.h>
#include <unistd.h>

#include "base/clock.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

bool is_pending(int number) {
  sigset_t pending;
  ::sigpending(&pending);
  return ::sigismember(&pending, number) == 1;
}

}  // namespace

TEST_GROUP(SignalWatch) {
  FakeClock clock;
  Loop loop{0, clock};
  int told = 0;
};

TEST(SignalWatch, ASignalIsToldOnceOnTheLoop) {
  SignalWatch watch(loop, SIGUSR2, [this](std::uint64_t) { ++told; });
  ::kill(::getpid(), SIGUSR2);
  CHECK_EQUAL(0, told);
  loop.run_once(true);
  CHECK_EQUAL(1, told);
  loop.run_once(false);
  CHECK_EQUAL(1, told);
}
TEST(SignalWatch, AValueComesWithIt) {
  std::uint64_t value = 1;
  SignalWatch watch(loop, SIGUSR2, [&value](std::uint64_t got) { value = got; });
  ::kill(::getpid(), SIGUSR2);
  loop.run_once(true);
  CHECK_EQUAL(0u, value);
  sigval sent{};
  sent.sival_ptr = &value;
  ::sigqueue(::getpid(), SIGUSR2, sent);
  loop.run_once(true);
  CHECK_EQUAL(reinterpret_cast<std::uintptr_t>(&value), value);
}
TEST(SignalWatch, UntilTheLoopReadsItItIsPendingForTheProcess) {
  SignalWatch watch(loop, SIGUSR2, [this](std::uint64_t) { ++told; });
  loop.hold(true);
  loop.run_once(false);
  ::kill(::getpid(), SIGUSR2);
  loop.run_once(false);
  CHECK_EQUAL(0, told);
  CHECK(is_pending(SIGUSR2));
  loop.hold(false);
  loop.run_once(false);
  loop.run_once(false);
  CHECK_EQUAL(1, told);
  CHECK_FALSE(is_pending(SIGUSR2));
}
TEST(SignalWatch, OneThatIsNotToldAnyMoreKillsNothing) {
  {
    SignalWatch watch(loop, SIGUSR2, [this](std::uint64_t) { ++told; });
    ::kill(::getpid(), SIGUSR2);
  }
  CHECK_EQUAL(0, told);
  sigset_t blocked;
  ::pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
  CHECK_EQUAL(0, ::sigismember(&blocked, SIGUSR2));
}
