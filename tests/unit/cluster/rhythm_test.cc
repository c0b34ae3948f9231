#include "cluster/polling/report_intake.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace std::chrono_literals;

TEST_GROUP(Rhythm) {
  Rhythm rhythm;
  SteadyTime now{1h};
  void heard_after(std::chrono::milliseconds pause, bool was_out = false) {
    now += pause;
    rhythm.heard(now, was_out);
  }
};

TEST(Rhythm, IsIcecastsUntilItIsKnown) {
  heard_after(0ms);
  CHECK_FALSE(rhythm.known());
  CHECK(rhythm.every() == 120s);
  CHECK(rhythm.out_after(std::nullopt) == 130s);
  CHECK(rhythm.out_after(5s) == 15s);
}
TEST(Rhythm, TheFirstPauseIsEnough) {
  heard_after(0ms);
  heard_after(2s);
  CHECK(rhythm.known());
  CHECK(rhythm.every() == 2s);
  CHECK(rhythm.out_after(std::nullopt) == 6s);
}
TEST(Rhythm, ThenItIsTheMean) {
  heard_after(0ms);
  heard_after(2s);
  heard_after(4s);
  CHECK(rhythm.every() == 3s);
  for (int i = 0; i < 8; ++i) heard_after(5s);
  CHECK(rhythm.every() == 5s);
}
TEST(Rhythm, WhatItSaysIsTheLeastThatItGets) {
  heard_after(0ms);
  heard_after(2s);
  CHECK(rhythm.out_after(5s) == 15s);
  heard_after(10s);  // says 5 s, and takes 6
  CHECK(rhythm.out_after(5s) == 18s);
}
TEST(Rhythm, TwoRequestsAtOnceAreOne) {
  heard_after(0ms);
  heard_after(200ms);
  CHECK_FALSE(rhythm.known());
  heard_after(1800ms);
  CHECK(rhythm.every() == 2s);
}
TEST(Rhythm, HasNoZeroHoweverFastItIs) {
  heard_after(0ms);
  for (int i = 0; i < 30; ++i) heard_after(400ms);
  CHECK(rhythm.every() >= 1s && rhythm.every() < 2s);
}
TEST(Rhythm, ADayOfAbsenceIsNoHabit) {
  heard_after(0ms);
  heard_after(2s);
  heard_after(24h, true);
  CHECK_FALSE(rhythm.known());
  heard_after(2s);
  CHECK(rhythm.every() == 2s);
}
TEST(Rhythm, AHabitThatWasNoneIsForgotten) {
  heard_after(0ms);
  heard_after(3s);          // a relay had ended
  heard_after(117s, true);  // and this is its interval
  CHECK(rhythm.out_after(std::nullopt) == 130s);
  heard_after(120s);
  CHECK(rhythm.every() == 120s);
}
