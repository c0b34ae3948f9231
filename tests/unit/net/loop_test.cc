#include "net/loop/loop.h"

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "net/loop/loop_pool.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace std::chrono_literals;

TEST_GROUP(Loop) { Loop loop{0, system_clock()}; };

TEST(Loop, RunsTasksInTheOrderPosted) {
  std::vector<int> seen;
  for (int i = 0; i < 5; ++i) loop.post([&seen, i] { seen.push_back(i); });
  loop.run_once(false);
  LONGS_EQUAL(5, seen.size());
  for (int i = 0; i < 5; ++i) LONGS_EQUAL(i, seen[static_cast<std::size_t>(i)]);
}
namespace {
struct Counting {
  void on_ready(short) { ++calls; }
  int calls = 0;
};
}  // namespace
TEST(Loop, AWatchThatTheKernelDoesNotTakeIsTriedAgain) {
  int ends[2];
  LONGS_EQUAL(0, ::pipe(ends));
  const int number = ::dup(ends[0]);
  ::close(number);  // epoll refuses it: EBADF
  Counting reader;
  Watch watch;
  watch.start<&Counting::on_ready>(loop, number, EV_READ, &reader);
  LONGS_EQUAL(1, ::write(ends[1], "x", 1));
  loop.run_once(false);
  LONGS_EQUAL(0, reader.calls);
  LONGS_EQUAL(number, ::dup2(ends[0], number));
  while (reader.calls == 0) loop.run_once(true);
  watch.stop();
  for (const int fd : {number, ends[0], ends[1]}) ::close(fd);
}
TEST(Loop, AWatchThatIsTriedAgainCanBeStopped) {
  Counting reader;
  {
    Watch watch;
    watch.start<&Counting::on_ready>(loop, 1 << 20, EV_READ, &reader);
    watch.want(EV_WRITE);
    watch.want(0);
    watch.want(EV_READ);
  }
  loop.run_once(false);
  LONGS_EQUAL(0, reader.calls);
}
TEST(Loop, ATaskMayOwnWhatCannotBeCopied) {
  auto owned = std::make_unique<int>(9);
  int seen = 0;
  loop.post([&seen, owned = std::move(owned)] { seen = *owned; });
  loop.run_once(false);
  LONGS_EQUAL(9, seen);
}
TEST(Loop, ATaskPostedByATaskRunsInTheNextRound) {
  int seen = 0;
  loop.post([this, &seen] { loop.post([&seen] { ++seen; }); });
  loop.run_once(false);
  LONGS_EQUAL(0, seen);
  loop.run_once(false);
  LONGS_EQUAL(1, seen);
}
TEST(Loop, TasksPostedTogetherRunInOrderWithTheOthers) {
  std::vector<int> seen;
  loop.post([&seen] { seen.push_back(0); });
  loop.post_together([&seen] { seen.push_back(1); });
  loop.post([&seen] { seen.push_back(2); });
  loop.run_once(true);
  LONGS_EQUAL(3, seen.size());
  for (int i = 0; i < 3; ++i) LONGS_EQUAL(i, seen[static_cast<std::size_t>(i)]);
}
TEST(Loop, ASleepingLoopIsWokenByWhatIsPostedTogether) {
  Loop other(1, system_clock());
  std::atomic<int> seen{0};
  std::atomic<bool> sleeps{false};
  std::thread thread([&] {
    other.post([&sleeps] { sleeps = true; });
    other.run();
  });
  while (!sleeps) std::this_thread::yield();
  // Sometimes the first of a crowd, which rings, and sometimes one that has to wait for its time;
  // sometimes woken before that time by another task.
  for (int crowd = 1; crowd <= 400; ++crowd) {
    for (int i = 0; i < 3; ++i) other.post_together([&seen] { ++seen; });
    if (crowd % 3 == 0) other.post([] {});
    while (seen < 3 * crowd) std::this_thread::yield();
  }
  other.stop();
  thread.join();
  LONGS_EQUAL(1200, seen.load());
}
TEST(Loop, WhatALoopPostsToItselfIsRunWithoutARing) {
  int seen = 0;
  Timer timer(loop, [this, &seen] { loop.post([&seen] { ++seen; }); });
  timer.after(0us);
  loop.run_once(true);  // the timer, and behind it, in the same turn, the task
  LONGS_EQUAL(1, seen);
}
TEST(Loop, TasksThatNeverRanAreDestroyed) {
  auto alive = std::make_shared<int>(0);
  {
    Loop other(1, system_clock());
    other.post([alive] {});
    LONGS_EQUAL(2, alive.use_count());
  }
  LONGS_EQUAL(1, alive.use_count());
}
TEST(Loop, ATimerCallsOnceAndItsDestructorCancels) {
  int early = 0, late = 0;
  Timer first(loop, [&early] { ++early; });
  first.after(1us);
  {
    Timer second(loop, [&late] { ++late; });
    second.after(0us);
    CHECK(second.armed());
  }
  loop.run_once(true);
  LONGS_EQUAL(1, early);
  LONGS_EQUAL(0, late);
  CHECK(!first.armed());
}

namespace {
struct Reader {
  void on_ready(short events) {
    seen = static_cast<short>(seen | events);
    char byte;
    if (events & EV_READ) CHECK(::read(fd, &byte, 1) == 1);
    if (stop_in_callback) watch.stop();
  }
  int fd = -1;
  short seen = 0;
  bool stop_in_callback = false;
  Watch watch;
};
}  // namespace

TEST(Loop, AWatchSeesWhatItWantsAndNothingElse) {
  int ends[2];
  CHECK(::pipe(ends) == 0);
  Reader reader;
  reader.fd = ends[0];
  reader.watch.start<&Reader::on_ready>(loop, ends[0], EV_READ, &reader);
  loop.run_once(false);
  LONGS_EQUAL(0, reader.seen);
  CHECK(::write(ends[1], "xy", 2) == 2);
  reader.watch.want(0);
  loop.run_once(false);
  LONGS_EQUAL(0, reader.seen);
  reader.watch.want(EV_READ);
  loop.run_once(false);
  LONGS_EQUAL(EV_READ, reader.seen);
  reader.stop_in_callback = true;
  loop.run_once(false);
  reader.seen = 0;
  CHECK(::write(ends[1], "z", 1) == 1);
  loop.run_once(false);
  LONGS_EQUAL(0, reader.seen);
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_GROUP(LoopPool){};

TEST(LoopPool, GatherAsksEveryWorkerAndAnswersOnControl) {
  LoopPool pool(3, system_clock());
  CHECK(pool.start().has_value());
  std::vector<unsigned> answers;
  pool.control().post([&] {
    pool.gather<unsigned>([](unsigned i) { return i * 10; },
                          [&](std::vector<unsigned> all) {
                            pool.control().assert_here();
                            answers = std::move(all);
                            pool.stop_control();
                          });
  });
  pool.run();
  pool.join();
  LONGS_EQUAL(3, answers.size());
  for (unsigned i = 0; i < 3; ++i) LONGS_EQUAL(i * 10, answers[i]);
}
TEST(LoopPool, ManyThreadsMayPostAndNoTaskIsLost) {
  LoopPool pool(2, system_clock());
  CHECK(pool.start().has_value());
  std::atomic<int> ran{0};
  std::vector<std::thread> posters;
  for (int t = 0; t < 4; ++t)
    posters.emplace_back([&] {
      for (int i = 0; i < 5000; ++i)
        pool.worker(static_cast<unsigned>(i) % 2).post([&ran] { ++ran; });
    });
  for (auto& poster : posters) poster.join();
  pool.join();
  LONGS_EQUAL(20000, ran.load());
}
TEST(LoopPool, WhatIsMadeAndNeverBegunEndsWithoutHavingRun) {
  LoopPool pool(2, system_clock());
  std::atomic<int> ran{0};
  CHECK(pool.make().has_value());
  pool.worker(0).post([&ran] { ++ran; });
  pool.join();
  LONGS_EQUAL(0, ran);
}
TEST(LoopPool, WithZeroWorkersAllThreeAreOneLoop) {
  LoopPool pool(0, system_clock());
  CHECK(&pool.control() == &pool.clerk());
  CHECK(&pool.control() == &pool.worker(0));
  LONGS_EQUAL(1, pool.workers());
}

TEST_GROUP(AwayLoop) {
  FakeClock clock;
  Loop loop{0, clock};
  void beats(std::chrono::milliseconds time) {
    for (auto left = time; left > 0ms; left -= Loop::kBeat) {
      clock.advance(Loop::kBeat);
      loop.beat();
    }
  }
};

TEST(AwayLoop, OneThatTurnsIsNeverAway) {
  loop.beat();
  beats(10s);
  CHECK(loop.away() == 0s);
  clock.advance(Loop::kBeat + Loop::kLate);  // a little late
  CHECK(loop.away() == 0s);
}
TEST(AwayLoop, NoTimeIsCountedWithoutBeats) {
  clock.advance(1h);
  CHECK(loop.away() == 0s);
  CHECK(loop.awake() == loop.now());
}
TEST(AwayLoop, AwakeTimeStandsStillWhileItIsStopped) {
  loop.beat();
  beats(1s);
  const SteadyTime before = loop.awake();
  clock.advance(7s);
  // Before the beat that comes late, and after it.
  CHECK(loop.awake() - before == Loop::kBeat + Loop::kLate);
  CHECK(loop.away() == 7s - Loop::kBeat - Loop::kLate);
  loop.beat();
  CHECK(loop.awake() - before == Loop::kBeat + Loop::kLate);
  beats(2s);
  CHECK(loop.awake() - before == Loop::kBeat + Loop::kLate + 2s);
}
TEST(AwayLoop, ADeadlineWaitsAsMuchLongerAsItsLoopWasAway) {
  bool rang = false;
  Deadline deadline(loop, [&rang] { rang = true; });
  loop.beat();
  deadline.after(1ms);
  clock.advance(Loop::kBeat + Loop::kLate + 20ms);
  ::usleep(2000);
  loop.run_once(false);  // its time is over, and no peer could send in it
  CHECK_FALSE(rang);
  CHECK(deadline.armed());
  loop.beat();
  ::usleep(22'000);
  loop.run_once(false);
  CHECK(rang);
}
TEST(AwayLoop, ADeadlineOfALoopThatTurnsRingsInTime) {
  bool rang = false;
  Deadline deadline(loop, [&rang] { rang = true; });
  loop.beat();
  deadline.after(1ms);
  clock.advance(Loop::kBeat);
  ::usleep(2000);
  loop.run_once(false);
  CHECK(rang);
}
