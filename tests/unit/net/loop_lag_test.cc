#include "net/loop_lag.h"

#include <atomic>
#include <chrono>
#include <thread>

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace std::chrono_literals;

TEST_GROUP(LoopLag) {
  LoopPool pool{2, system_clock()};
  LoopLag lag{pool};
  void pass(std::chrono::milliseconds time) {
    Timer later(pool.control(), [] {});
    later.after(time);
    while (later.armed()) pool.control().run_once(true);
  }
  void teardown() override {
    pool.stop_control();
    pool.join();
  }
};

TEST(LoopLag, LoopsThatTurnAnswerAtOnce) {
  pool.start();
  LONGS_EQUAL(0, lag.longest_ms());
  lag.probe();
  pass(30ms);
  CHECK(lag.longest_ms() < 30);
}
TEST(LoopLag, ALoopThatIsStuckLooksSoWhileItIs) {
  pool.start();
  std::atomic<bool> stuck{true};
  pool.worker(1).post([&stuck] {
    while (stuck) std::this_thread::yield();
  });
  lag.probe();
  pass(60ms);
  CHECK(lag.longest_ms() >= 50);
  lag.probe();  // the first one is still on its way
  pass(20ms);
  CHECK(lag.longest_ms() >= 70);
  stuck = false;
  pass(20ms);
  CHECK(lag.longest_ms() >= 70);  // as it was lately
  lag.probe();
  pass(30ms);
  CHECK(lag.longest_ms() < 50);
}
