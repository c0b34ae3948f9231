#include "app/operate/ban_sweep.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace std::chrono_literals;

TEST_GROUP(BanClock) {
  FakeClock clock;
  BanClock bans{clock};
  std::int64_t ends(std::chrono::seconds in) const { return unix_seconds(clock.wall() + in); }
};

TEST(BanClock, ABanThatEndsWhileTheServerRunsIsOver) {
  const std::int64_t until = ends(1min);
  clock.advance(2min);
  CHECK(bans.is_over(until));
}

TEST(BanClock, WhatHadEndedBeforeTheStartWaitsForAnHour) {
  const std::int64_t until = ends(-24h);
  CHECK_FALSE(bans.is_over(until));
  clock.advance(59min);
  CHECK_FALSE(bans.is_over(until));
  clock.advance(1min);
  CHECK(bans.is_over(until));
}

TEST(BanClock, NothingIsOverByAClockThatWasSet) {
  const std::int64_t until = ends(24h);
  CHECK_FALSE(bans.is_over(ends(-1s)));
  clock.set_wall(clock.wall() + 24h * 365);
  CHECK_FALSE(bans.is_over(until));
  clock.set_wall(clock.wall() - 24h * 365 + 25h);
  CHECK_FALSE(bans.is_over(until));
}
