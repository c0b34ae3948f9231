#include "net/loop/loop_beats.h"

#include <memory>
#include <thread>

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace std::chrono_literals;

TEST_GROUP(LoopBeats) {
  FakeClock clock;
  LoopPool pool{0, clock};  // all on this thread
  LoopBeats beats{pool};
  // The next beat, as if the loop had come to it after `time`.
  void beat_after(std::chrono::milliseconds time) {
    clock.advance(time);
    beats.beat(0);
  }
  void begin() {
    beats.start();
    pool.worker(0).run_once(false);
  }
};

TEST(LoopBeats, KnowsNothingBeforeItsStart) {
  CHECK(beats.read().empty());
  CHECK(!beats.alive(10s));
}
TEST(LoopBeats, ALoopThatHasNotTurnedSinceTheStartHasItsTimeToo) {
  beats.start();
  CHECK(beats.alive(10s));
  clock.advance(11s);
  CHECK(!beats.alive(10s));
}
TEST(LoopBeats, ReportsHowLateALoopCame) {
  begin();
  beat_after(LoopBeats::kInterval);
  CHECK(beats.read().at(0).late == 0ns);
  beat_after(LoopBeats::kInterval + 70ms);
  CHECK(beats.read().at(0).late == 70ms);
  beat_after(LoopBeats::kInterval);
  CHECK(beats.read().at(0).late == 70ms);  // the worst counts …
}
TEST(LoopBeats, ReportsHowLateALoopIsNow) {
  begin();
  beat_after(LoopBeats::kInterval + 70ms);
  CHECK(beats.read().at(0).late_now == 70ms);
  beat_after(LoopBeats::kInterval);
  CHECK(beats.read().at(0).late_now == 0ms);  // … and is forgotten with the next turn
  clock.advance(LoopBeats::kInterval + 300ms);
  CHECK(beats.read().at(0).late_now == 300ms);  // it hangs
}
TEST(LoopBeats, ForgetsALatenessThatIsLongAgo) {
  begin();
  beat_after(LoopBeats::kInterval + 70ms);
  beat_after(LoopBeats::kWindow);  // late itself
  beat_after(LoopBeats::kInterval);
  for (int i = 0; i < 50; ++i) beat_after(LoopBeats::kInterval);
  for (int i = 0; i < 50; ++i) beat_after(LoopBeats::kInterval);
  CHECK(beats.read().at(0).late == 0ns);  // … for ten seconds or twenty
}
TEST(LoopBeats, CountsTasksAndWork) {
  begin();
  const std::uint64_t before = beats.read().at(0).tasks;
  pool.worker(0).post([] {});
  pool.worker(0).post([this] { clock.work(5ms); });
  pool.worker(0).run_once(false);
  beat_after(LoopBeats::kInterval);
  CHECK_EQUAL(before + 2, beats.read().at(0).tasks);
  CHECK(beats.read().at(0).worked == 5ms);
}
TEST(LoopBeats, AHangingWorkerIsSeenAndTheClerkIsNotAsked) {
  LoopPool threads(2, system_clock());
  LoopBeats of_threads(threads);
  CHECK(threads.start().has_value());
  of_threads.start();
  std::atomic<bool> go_on{false};
  const auto hang = [&go_on] {
    while (!go_on) std::this_thread::yield();
  };
  threads.clerk().post(hang);
  threads.worker(1).post(hang);
  Timer timer(threads.control(), [&] {
    CHECK(!of_threads.alive(100ms));
    CHECK(of_threads.alive(10s));
    go_on = true;
    threads.stop_control();
  });
  timer.after(400ms);
  threads.run();
  threads.join();
  LONGS_EQUAL(4, of_threads.read().size());
  STRCMP_EQUAL("worker1", of_threads.read()[1].name.c_str());
  CHECK(!of_threads.read()[3].vital);
}
TEST(LoopBeats, AnIdleLoopBeatsLessOftenAndAtOnceAgainWhenItIsBusy) {
  LoopPool threads(1, system_clock());
  LoopBeats of_threads(threads);
  CHECK(threads.start().has_value());
  of_threads.start();
  Loop& worker = threads.worker(0);
  SteadyTime::duration idle{}, busy{};
  bool kept_busy = false;
  Timer check(threads.control(), [&] {
    worker.post([&] {
      const auto interval = worker.beat_interval();
      threads.control().post([&, interval] {
        if (!kept_busy && interval >= 2 * Loop::kBeat) {
          idle = interval;
          kept_busy = true;  // from now on this question itself keeps it busy
        }
        if (kept_busy && interval == Loop::kBeat) busy = interval;
        if (busy.count() > 0)
          threads.stop_control();
        else
          check.after(kept_busy ? 20ms : 700ms);
      });
    });
  });
  check.after(900ms);
  threads.run();
  threads.join();
  CHECK(idle >= 2 * Loop::kBeat);
  CHECK(busy == Loop::kBeat);
  CHECK(of_threads.alive(10s));
}
TEST(LoopBeats, ALoopWhoseBeatsDoNotMatterSleepsLongerUntilItJudgesSilence) {
  LoopPool threads(1, system_clock());
  CHECK(threads.start().has_value());
  Loop& worker = threads.worker(0);
  std::unique_ptr<Deadline> deadline;
  SteadyTime::duration asleep{}, awake{};
  Timer check(threads.control(), [&] {
    worker.post([&] {
      const auto interval = worker.beat_interval();
      if (interval > Loop::kIdleBeat) {
        deadline = std::make_unique<Deadline>(worker, [] {});
        awake = worker.beat_interval();
        deadline.reset();
      }
      threads.control().post([&, interval] {
        asleep = interval;
        if (asleep > Loop::kIdleBeat)
          threads.stop_control();
        else
          check.after(500ms);
      });
    });
  });
  check.after(3s);
  threads.run();
  threads.join();
  CHECK(asleep > Loop::kIdleBeat);
  CHECK(awake == Loop::kBeat);
}
