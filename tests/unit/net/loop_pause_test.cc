#include "net/loop/loop_pause.h"

#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <thread>

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace std::chrono_literals;

namespace {

// A pipe that is always readable: its loop never sleeps while it is not held.
struct Busy {
  Watch watch;
  std::array<int, 2> ends{};
  std::atomic<int> seen{0};
  Busy() {
    if (::pipe(ends.data()) != 0 || ::write(ends[1], "x", 1) != 1) std::abort();
  }
  ~Busy() {
    for (const int end : ends) ::close(end);
  }
  void on_ready(short) { ++seen; }
};

}  // namespace

TEST_GROUP(LoopPause) {
  LoopPool loops{3, system_clock()};
  LoopPause pause{loops};
  std::optional<Result<void>> result;

  // What `test` does on control, with the loops running.
  template <class F>
  void run(F && test) {
    [[maybe_unused]] const auto started = loops.start();
    loops.control().post([&test] { test(); });
    loops.run();
    loops.join();
  }
  void stop() { loops.stop_control(); }
};

TEST(LoopPause, NoSocketAndNoTimerMovesAnythingUntilItEnds) {
  Busy busy;
  int before = 0, after = 0;
  run([&] {
    loops.worker(1).post(
        [&] { busy.watch.start<&Busy::on_ready>(loops.worker(1), busy.ends[0], EV_READ, &busy); });
    pause.begin(10s, [&](Result<void> got) {
      result = std::move(got);
      before = busy.seen;
      for (int i = 0; i < 10000; ++i) std::this_thread::yield();
      after = busy.seen;
      pause.end();
      loops.worker(1).post([&] { busy.watch.stop(); });
      loops.gather<int>([](unsigned) { return 0; }, [&](const std::vector<int>&) { stop(); });
    });
  });
  CHECK(result && result->has_value());
  LONGS_EQUAL(before, after);
}

TEST(LoopPause, WhatWasOnItsWayHasArrived) {
  // Each hop stands for a lease that goes from loop to loop.
  std::atomic<int> hops{0};
  int at_rest = 0;
  std::function<void()> hop = [&] {
    if (++hops < 1000)
      loops.worker(static_cast<unsigned>(hops) % 3).post([&] { hop(); });
    else
      loops.control().post([&] { ++hops; });
  };
  run([&] {
    loops.worker(0).post([&] { hop(); });
    pause.begin(10s, [&](Result<void> got) {
      result = std::move(got);
      at_rest = hops;
      pause.end();
      stop();
    });
  });
  CHECK(result && result->has_value());
  LONGS_EQUAL(1001, at_rest);
}

TEST(LoopPause, LoopsThatDoNotComeToRestGoOn) {
  std::atomic<bool> over{false};
  std::unique_ptr<Timer> timer;
  std::function<void()> again = [&] {
    if (!over) loops.worker(2).post([&] { again(); });
  };
  run([&] {
    loops.worker(2).post([&] { again(); });
    pause.begin(20ms, [&](Result<void> got) {
      result = std::move(got);
      over = true;
      // Held no more: a timer fires.
      timer = std::make_unique<Timer>(loops.control(), [&] { stop(); });
      timer->after(1ms);
    });
  });
  CHECK(result && !result->has_value());
}

TEST(LoopPause, AServerOfOneLoopPausesToo) {
  LoopPool one(0, system_clock());
  LoopPause alone(one);
  one.control().post([&] {
    alone.begin(10s, [&](Result<void> got) {
      result = std::move(got);
      alone.end();
      one.stop_control();
    });
  });
  one.run();
  CHECK(result && result->has_value());
}
