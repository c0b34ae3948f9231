#include "cluster/nodes/clock_offset.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace std::chrono_literals;

TEST_GROUP(ClockOffset) {
  ClockOffset clock;
  std::int64_t ours = 1'700'000'000'000;
  // One measurement in a quarter of a second.
  void ahead(std::int64_t ms) {
    ours += 250;
    clock.measured(ours + ms, ours);
  }
  std::string news() { return clock.news().value_or("(none)"); }
};

TEST(ClockOffset, IsNothingUntilItIsMeasured) {
  CHECK_FALSE(clock.known());
  CHECK(clock.offset() == 0ms);
  STRCMP_EQUAL("(none)", news().c_str());
}
TEST(ClockOffset, OneMeasurementIsEnough) {
  ahead(70'000);
  CHECK(clock.known());
  CHECK(clock.offset() == 70s);
}
TEST(ClockOffset, OneLateFrameSaysNothing) {
  for (int i = 0; i < 8; ++i) ahead(100 + i);
  ahead(-400);
  CHECK(clock.offset() >= 100ms && clock.offset() <= 107ms);
  ahead(-3'600'000);
  CHECK(clock.offset() >= 100ms && clock.offset() <= 107ms);
  ahead(104);
  CHECK(clock.offset() >= 100ms && clock.offset() <= 107ms);
}
TEST(ClockOffset, AClockThatHasBeenSetIsKnownAfterTwo) {
  for (int i = 0; i < 100; ++i) ahead(20);
  ahead(3'600'000);
  CHECK(clock.offset() == 20ms);
  ahead(3'600'010);
  CHECK(clock.offset() >= 3600s);
  ahead(3'600'010);
  CHECK(clock.offset() >= 3600s);
}
TEST(ClockOffset, AnotherConnectionCountsForMoreThanTheLast) {
  for (int i = 0; i < 8; ++i) ahead(0);
  clock.begin_again();
  CHECK(clock.offset() == 0ms);  // until it is measured
  ahead(-70'000);
  CHECK(clock.offset() == -70s);
}
TEST(ClockOffset, IsSaidOncePerChange) {
  ahead(4'000);
  STRCMP_EQUAL("(none)", news().c_str());
  clock.begin_again();
  ahead(70'040);
  STRCMP_EQUAL("is 70.0 s ahead of ours", news().c_str());
  STRCMP_EQUAL("(none)", news().c_str());
  clock.begin_again();
  ahead(74'000);  // it drifts
  STRCMP_EQUAL("(none)", news().c_str());
  clock.begin_again();
  ahead(-3'600'000);
  STRCMP_EQUAL("is 3600.0 s behind ours", news().c_str());
  clock.begin_again();
  ahead(-4'500);  // about the bound: neither
  STRCMP_EQUAL("(none)", news().c_str());
  clock.begin_again();
  ahead(-250);
  STRCMP_EQUAL("agrees with ours again, to 0.3 s", news().c_str());
  STRCMP_EQUAL("(none)", news().c_str());
}

TEST_GROUP(LateReads) {
  FakeClock clock;
  Loop loop{0, clock};
  LateReads reads;
  bool turns_after(std::chrono::milliseconds time) {
    clock.advance(time);
    loop.beat();
    return !reads.possible(loop);
  }
};

TEST(LateReads, ArePossibleForASecondAfterTheLoopWasAway) {
  loop.beat();
  for (int i = 0; i < 40; ++i) CHECK(turns_after(Loop::kBeat));
  clock.advance(40s);
  CHECK(reads.possible(loop));  // a socket is read before the beat
  CHECK_FALSE(turns_after(0ms));
  for (int i = 0; i < 3; ++i) CHECK_FALSE(turns_after(Loop::kBeat));
  for (int i = 0; i < 40; ++i) CHECK(turns_after(Loop::kBeat));
}
