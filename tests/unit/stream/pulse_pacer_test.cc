#include "stream/listener/loop_streams.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace std::chrono_literals;

TEST_GROUP(PulsePacer) {
  PulsePacer pacer;
  SteadyTime now{1000s};
  // The pause after a pass that cost so much, in microseconds.
  long pause_after(std::chrono::nanoseconds cost, std::chrono::milliseconds cap = 750ms) {
    pacer.passed(now, cost, cap);
    return static_cast<long>(
        std::chrono::duration_cast<std::chrono::microseconds>(pacer.wait(now)).count());
  }
};

TEST(PulsePacer, TheFirstPassBeginsAtOnce) { CHECK(pacer.wait(now) <= 0ns); }
TEST(PulsePacer, CheapPassesComeEveryFiveMilliseconds) {
  LONGS_EQUAL(5000, pause_after(0ns));
  LONGS_EQUAL(5000, pause_after(25us));
}
TEST(PulsePacer, APassMayCostOneTwoHundredthOfTheLoop) {
  pause_after(40us);
  pause_after(40us);
  LONGS_EQUAL(8000, pause_after(40us));
  LONGS_EQUAL(10000, pause_after(50us));
}
TEST(PulsePacer, ThePauseCountsFromTheBeginningOfThePass) {
  pacer.passed(now, 0ns, 750ms);
  CHECK(pacer.wait(now + 2ms) == 3ms);
  CHECK(pacer.wait(now + 5ms) == 0ns);
  CHECK(pacer.wait(now + 1s) < 0ns);
}
TEST(PulsePacer, ThePauseAtMostDoublesFromPassToPass) {
  LONGS_EQUAL(5000, pause_after(1s));
  LONGS_EQUAL(15000, pause_after(1s));
  LONGS_EQUAL(35000, pause_after(1s));
  LONGS_EQUAL(75000, pause_after(1s));
}
TEST(PulsePacer, ThePauseStaysUnderTheCapAndShrinksAtOnce) {
  for (int i = 0; i < 20; ++i) pause_after(1s);
  LONGS_EQUAL(750000, pause_after(1s));
  LONGS_EQUAL(20000, pause_after(100us));
}
TEST(PulsePacer, ACapBelowFiveMillisecondsHolds) {
  LONGS_EQUAL(2000, pause_after(0ns, 2ms));
  LONGS_EQUAL(2000, pause_after(1s, 2ms));
  LONGS_EQUAL(0, pause_after(1s, 0ms));
}
