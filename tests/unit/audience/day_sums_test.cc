// Packed days: reports read the same of them as of the quarters, at any time of packing.
#include "audience/day_sums.h"

#include <map>
#include <string>
#include <tuple>
#include <utility>

#include "audience/database_fixture.h"
#include "base/random.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;

namespace {

constexpr std::int64_t kFirstDay = 20'000, kDays = 16, kMounts = kListedMounts + 3,
                       kLater = (kFirstDay + 100) * kDayMs;

using Periods = std::map<std::pair<std::int64_t, std::int64_t>, AudienceSum>;

}  // namespace

TEST_GROUP_BASE(DaySums, DatabaseFixture) {
  Rng rng{11};

  void setup() override {
    open();
    put("BEGIN");
    Statement slot = database->prepare("INSERT INTO slot VALUES(?,?,?,?,?)"),
              shorts = database->prepare("INSERT INTO slot_short VALUES(?,?,?)");
    const auto number = [&](unsigned bits) {
      return static_cast<std::int64_t>(rng.below(std::uint64_t{1} << rng.below(bits)));
    };
    for (std::int64_t mount = 1; mount <= kMounts; ++mount) {
      put(cat({"INSERT INTO mount VALUES(", mount, ", '/", mount, "')"}));
      for (std::int64_t day = kFirstDay; day < kFirstDay + kDays; ++day) {
        const std::uint64_t tenths = rng.below(12);  // of the day's quarters that have listeners
        for (std::int64_t at = day * kQuartersOfDay; at < (day + 1) * kQuartersOfDay; ++at) {
          if (rng.below(10) >= tenths) continue;
          const std::int64_t sessions = number(12);
          slot.run(mount, at, 1 + number(34), number(45), sessions);
          if (sessions > 0 && rng.below(4) == 0) shorts.run(mount, at, 1 + number(8));
        }
      }
    }
    put("COMMIT");
  }
  void pack() {
    while (*sum_days(*database, kLater)) continue;
  }
  // By the quarters' own rows.
  Periods of_rows(AudienceRange range, std::int64_t ahead, std::int64_t length) {
    Periods sums;
    Statement rows = database->prepare(
        "SELECT mount, (at+?1)/?2, SUM(ms), SUM(bytes), SUM(sessions), 0 FROM slot WHERE at>=?3 "
        "AND at<?4 GROUP BY 1, 2 UNION ALL SELECT mount, (at+?1)/?2, 0, 0, 0, SUM(n) FROM "
        "slot_short WHERE at>=?3 AND at<?4 GROUP BY 1, 2");
    rows.bind(ahead, length, range.from / kQuarterMs, range.to / kQuarterMs);
    while (rows.step())
      sums[{rows.number(0), rows.number(1)}] +=
          AudienceSum{rows.number(2), rows.number(3), rows.number(4), rows.number(5)};
    return sums;
  }
  Periods reported(AudienceRange range, std::int64_t ahead, std::int64_t length) {
    Periods sums;
    AudienceReport report(*database, kLater);
    const auto read = report.periods(
        *report.mounts(), range, [=](std::int64_t quarter) { return (quarter + ahead) / length; },
        [&](std::int64_t mount, std::int64_t period, const AudienceSum& sum) {
          sums[{mount, period}] = sum;
          return true;
        });
    if (!read) FAIL(read.error().what.c_str());
    return sums;
  }
  static bool are_same(const Periods& a, const Periods& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
      return x.first == y.first && x.second.ms == y.second.ms && x.second.bytes == y.second.bytes &&
             x.second.sessions == y.second.sessions && x.second.shorts == y.second.shorts;
    });
  }
  void compare() {
    constexpr std::int64_t kFirst = kFirstDay * kDayMs;
    // Hours, days of zones ahead and behind, and longer periods; whole days and others.
    const AudienceRange whole{kFirst, kFirst + kDays * kDayMs},
        other{kFirst + 7 * kQuarterMs, kFirst + 9 * kDayMs - 3 * kQuarterMs},
        part{kFirst + kDayMs + 40 * kQuarterMs, kFirst + kDayMs + 80 * kQuarterMs};
    for (const auto& [ahead, length, range] :
         {std::tuple<std::int64_t, std::int64_t, AudienceRange>{0, 4, other},
          {22, 96, whole},
          {22, 96, other},
          {-32, 96, other},
          {48, 96, whole},
          {0, 100, other},
          {8, 700, other},
          {0, 4, part}})
      CHECK(are_same(of_rows(range, ahead, length), reported(range, ahead, length)));
  }
};

TEST(DaySums, PackedOrNotTheSumsOfPeriodsAreThoseOfTheirQuarters) {
  CHECK(count("slot_day") > kPackedDays / 2);
  compare();
  CHECK_FALSE(*sum_days(*database, (kFirstDay + 5) * kDayMs));  // a part of the days is over
  CHECK(count("slot_rest") > 0 && count("slot_unrested") > 0);
  compare();
  pack();
  CHECK_EQUAL(count("slot_day"), count("slot_rest"));
  CHECK_EQUAL(0, count("slot_unrested"));
  CHECK_EQUAL(0, count("slot_unpacked"));
  compare();
  // Late rows change a day: quarters that are there, another one, and sessions that are short.
  const std::int64_t at = (kFirstDay + 3) * kQuartersOfDay + 50;
  for (const std::string& late :
       {cat({"INSERT INTO slot VALUES(1,", at,
             ",5000,70000,1) ON CONFLICT(mount, at) DO UPDATE "
             "SET ms=ms+5000, bytes=bytes+70000, sessions=sessions+1"}),
        cat({"UPDATE slot SET sessions=sessions+1 WHERE mount=2 AND at/96=", kFirstDay + 3}),
        cat({"UPDATE slot_short SET n=n-1 WHERE mount=3 AND at/96=", kFirstDay + 4}),
        cat({"INSERT OR IGNORE INTO slot_short SELECT mount, at, 1 FROM slot WHERE mount=4 AND "
             "at/96=",
             kFirstDay + 5})}) {
    put(late);
    CHECK_EQUAL(1, count("slot_unrested"));
    compare();
    pack();
    compare();
  }
}

// Without the quarters' rows, a day that is packed still has its sums.
TEST(DaySums, ReportsOfHoursAndOfDaysOfAnyZoneReadPackedDays) {
  pack();
  const AudienceRange range{(kFirstDay + 1) * kDayMs, (kFirstDay + 9) * kDayMs};
  const auto hours = of_rows(range, 0, 4), days = of_rows(range, 22, 96);
  put(cat({"DELETE FROM slot WHERE at>=", (kFirstDay + 1) * kQuartersOfDay, " AND at<",
           (kFirstDay + 9) * kQuartersOfDay}));
  put("DELETE FROM slot_short");
  CHECK(are_same(hours, reported(range, 0, 4)));
  CHECK(are_same(days, reported(range, 22, 96)));
}

TEST(DaySums, AFileOfBeforeIsPackedInSlicesAndReadMeanwhile) {
  pack();
  put("DROP TABLE slot_rest; DROP TABLE slot_unrested; DROP TABLE slot_restless; DROP TRIGGER "
      "slot_day_changed; DROP TRIGGER slot_short_noted; DROP TRIGGER slot_short_changed");
  open();
  CHECK_EQUAL(kMounts, count("slot_restless"));
  compare();
  CHECK(*sum_days(*database, kLater));
  CHECK_EQUAL(kMounts - kListedMounts, count("slot_restless"));
  // A late row for a mount that is listed, and for one that is not.
  for (const std::int64_t mount : {std::int64_t{1}, kMounts})
    put(cat({"UPDATE slot SET ms=ms+1000 WHERE mount=", mount, " AND at/96=", kFirstDay + 3}));
  compare();
  CHECK(*sum_days(*database, kLater));
  CHECK_EQUAL(0, count("slot_restless"));
  CHECK_EQUAL(count("slot_day"), count("slot_unrested"));
  CHECK(*sum_days(*database, kLater));
  CHECK(count("slot_rest") > 0 && count("slot_unrested") > 0);
  compare();
  pack();
  CHECK_EQUAL(count("slot_day"), count("slot_rest"));
  compare();
}

// It packs the milliseconds of a day that it changed, and knows nothing of the rest.
TEST(DaySums, WhatAProgramOfBeforePacksIsReadByQuarters) {
  pack();
  put(cat(
      {"UPDATE slot SET ms=ms+1000, bytes=bytes+16000 WHERE mount=1 AND at/96=", kFirstDay + 3}));
  CHECK(count("slot_unpacked") <= 1);
  put("DELETE FROM slot_unpacked");
  compare();
  pack();
  CHECK_EQUAL(0, count("slot_unrested"));
  compare();
}
