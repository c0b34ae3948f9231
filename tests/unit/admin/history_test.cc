// What a History keeps of its samples, and what its file says after a restart.
#include "admin/metrics/history.h"

#include <malloc.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "base/cat.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(History) {
  static constexpr std::int64_t kBegin = 1'800'000'000;  // a quarter of an hour begins
  History history;
  std::int64_t now = kBegin;

  HistorySample sample(double listeners) {
    HistorySample out;
    out.all = {listeners, 128 * listeners};
    out.mounts["/a"] = out.all;
    out.nodes["m1"] = out.all;
    return out;
  }
  void take(double listeners, std::int64_t seconds = 10) {
    history.take(now, sample(listeners));
    now += seconds;
  }
  HistoryAnswer ask(std::int64_t from, std::int64_t to, std::size_t points = 600,
                    HistoryBy by = HistoryBy::kAll) {
    HistoryQuestion question;
    question.by = by;
    question.from = from;
    question.to = to;
    question.points = points;
    return history.read(question);
  }
};

TEST(History, ASampleIsAPointOfTenSeconds) {
  take(3);
  take(5);
  const HistoryAnswer told = ask(kBegin, now);
  LONGS_EQUAL(10, told.step);
  LONGS_EQUAL(2, told.times.size());
  LONGS_EQUAL(kBegin, told.times[0]);
  DOUBLES_EQUAL(3, told.rows[0].mean[0], 0);
  DOUBLES_EQUAL(5, told.rows[0].max[1], 0);
}
TEST(History, AMinuteHasItsMeanAndItsMaximum) {
  for (const double value : {0, 0, 6, 0, 0, 0, 9}) take(value);
  // Two hours later the tens of seconds are gone.
  now = kBegin + 7200;
  take(1);
  const HistoryAnswer told = ask(kBegin, kBegin + 120);
  LONGS_EQUAL(60, told.step);
  DOUBLES_EQUAL(1, told.rows[0].mean[0], 0);
  DOUBLES_EQUAL(6, told.rows[0].max[0], 0);
  DOUBLES_EQUAL(9, told.rows[0].mean[1], 0);
}
TEST(History, TheLastHourIsOfTensOfSecondsWithinTheNewestOfThemToo) {
  for (int i = 0; i < 400; ++i) take(3);
  const std::int64_t asked = now - 9;  // the newest point ends later
  LONGS_EQUAL(10, ask(asked - 3600, asked).step);
  LONGS_EQUAL(10, ask(asked - 3630, asked - 30).step);  // by a clock that is behind
  LONGS_EQUAL(60, ask(asked - 3720, asked).step);
}
TEST(History, WhatIsNotToldIsAGapAndNoZero) {
  take(4);
  now += 20;
  take(4);
  const HistoryAnswer told = ask(kBegin, now);
  LONGS_EQUAL(4, told.times.size());
  CHECK(std::isnan(told.rows[0].mean[1]));
  CHECK(std::isnan(told.rows[0].max[2]));
  DOUBLES_EQUAL(4, told.rows[0].mean[3], 0);
}
TEST(History, AMonthIsKeptAndNoMore) {
  take(7, 60);
  for (int minute = 1; minute < 31 * 24 * 60; ++minute) take(7, 60);
  const HistoryAnswer month = ask(now - History::kLongest, now);
  LONGS_EQUAL(4500, month.step);
  // The quarter that is not over has a point too.
  for (const double value : month.rows[0].mean) DOUBLES_EQUAL(7, value, 0);
  const HistoryAnswer before = ask(kBegin, kBegin + 3600);
  for (const double value : before.rows[0].mean) CHECK(std::isnan(value));
}
TEST(History, AClockThatIsNotTrustedClearsNothing) {
  for (int i = 0; i < 12; ++i) take(3);
  const std::int64_t last = now - 10;
  for (const std::int64_t by : {-40 * 86'400, -86'400, 86'400, 40 * 86'400})
    history.take(last + by, sample(9), false);
  LONGS_EQUAL(last, history.newest());
  const HistoryAnswer told = ask(kBegin, now);
  for (const double value : told.rows[0].mean) DOUBLES_EQUAL(3, value, 0);
  // It would clear only a part, and the charts go on.
  history.take(last + 7200, sample(9), false);
  LONGS_EQUAL(last + 7200, history.newest());
}
TEST(History, AClockThatIsSetBackLeavesAGapBehindIt) {
  for (int i = 0; i < 12; ++i) take(1);
  now = kBegin + 30;
  take(2);
  const HistoryAnswer told = ask(kBegin, kBegin + 120);
  DOUBLES_EQUAL(1, told.rows[0].mean[2], 0);
  DOUBLES_EQUAL(2, told.rows[0].mean[3], 0);
  for (std::size_t i = 4; i < told.times.size(); ++i) CHECK(std::isnan(told.rows[0].mean[i]));
}
TEST(History, LargeValuesAreRightWithinHalfAThousandth) {
  for (const double value : {0.0, 1.0, 2047.0, 2049.0, 123'456.0, 98'765'432.0}) {
    take(value);
    const double told = ask(now - 10, now).rows[0].mean[0];
    CHECK(std::abs(told - value) <= value * 0.0005);
  }
}
TEST(History, ManyMountsAreTheLargestAndTheOthersTogether) {
  HistorySample many;
  for (int i = 0; i < 100; ++i) many.mounts[cat({"/m", i})] = {static_cast<double>(i), 0};
  history.take(now, many);
  const HistoryAnswer told = ask(now, now + 10, 1, HistoryBy::kMount);
  LONGS_EQUAL(History::kShownRows, told.rows.size());
  STRCMP_EQUAL("/m99", told.rows[0].name.c_str());
  CHECK(told.rows.back().others);
  double sum = 0;
  for (const HistoryRow& row : told.rows) sum += row.mean[0];
  DOUBLES_EQUAL(4950, sum, 1);
}
TEST(History, SomeMountsAreSummedForALoginThatSeesSome) {
  HistorySample some;
  some.all = {100, 0};
  some.mounts["/a"] = {3, 0};
  some.mounts["/b"] = {90, 0};
  history.take(now, some);
  HistoryQuestion question;
  question.from = now;
  question.to = now + 10;
  question.only = std::vector<std::string>{"/a", "/nothing"};
  DOUBLES_EQUAL(3, history.read(question).rows[0].mean[0], 0);
}
TEST(History, RowsAreBoundedAndTheSilentOnesGo) {
  HistorySample full;
  for (std::size_t i = 0; i < History::kMaxRows; ++i) full.nodes[cat({"n", i})] = {1, 1};
  history.take(now, full);
  HistorySample more;
  more.nodes["late"] = {1, 1};
  history.take(now, more);  // in the same moment all others are current
  LONGS_EQUAL(History::kMaxRows, history.names(HistoryBy::kNode).size());
  CHECK(ask(now, now + 10, 1, HistoryBy::kNode).rows[0].name != "late");
  now += 60;
  history.take(now, more);
  LONGS_EQUAL(History::kMaxRows, history.names(HistoryBy::kNode).size());
  bool found = false;
  for (const std::string& name : history.names(HistoryBy::kNode)) found = found || name == "late";
  CHECK(found);
}
// Over turns of the ring: rows of one value, gaps in them, other values and again one value.
TEST(History, EachPointIsWhatWasTakenLast) {
  std::mt19937 random(7);
  std::vector<double> taken;  // by slot; NaN: a gap
  double value = 0;
  bool silent = false;
  for (int i = 0; i < 1500; ++i) {
    if (random() % 40 == 0) value = static_cast<double>(random() % 2 == 0 ? 0 : random() % 5);
    if (random() % 60 == 0) silent = !silent;
    HistorySample one = sample(value);
    if (silent) one.mounts.clear();
    history.take(now, one);
    now += 10;
    taken.push_back(silent ? std::numeric_limits<double>::quiet_NaN() : value);
    if (i < 360 || i % 7 != 0) continue;
    const HistoryRow row = ask(now - 3600, now, 360, HistoryBy::kMount).rows.at(0);
    for (std::size_t at = 0; at < 360; ++at) {
      const double was = taken[taken.size() - 360 + at];
      CHECK(std::isnan(was) ? std::isnan(row.max[at]) : row.max[at] == was);
    }
  }
}
#ifndef LB_SANITIZED
// A sanitizer's heap is not malloc's.
TEST(History, ManyMountsTakeLittleAtFirst) {
  HistorySample many;
  for (int i = 0; i < 1000; ++i) many.mounts[cat({"/", i})] = {1, 128};
  const auto before = mallinfo2().uordblks;
  for (int i = 0; i < 8; ++i) history.take(kBegin + 10 * i, many);
  const auto taken = mallinfo2().uordblks - before;
  CHECK_TEXT(taken < 8'000'000, cat({"they take ", taken}).c_str());
  // What is a gap again is not kept.
  many.mounts.clear();
  for (int i = 0; i < 1600; ++i) history.take(kBegin + 80 + 60 * i, many);
  const auto left = mallinfo2().uordblks - before;
  CHECK_TEXT(left < 1'000'000, cat({left, " are left of ", taken}).c_str());
}
TEST(History, AMountWithoutListenersTakesLittleFor30Days) {
  HistorySample many;
  for (int i = 0; i < 10; ++i) many.mounts[cat({"/", i})] = {0, 0};
  const auto before = mallinfo2().uordblks;
  for (int i = 0; i < 31 * 8640; ++i) history.take(kBegin + 10 * i, many);
  const auto taken = mallinfo2().uordblks - before;
  CHECK_TEXT(taken < 40'000, cat({"they take ", taken}).c_str());
}
#endif
TEST(History, ItIsTheSameAfterARestart) {
  for (int i = 0; i < 100; ++i) take(i);
  const std::string bytes = history.bytes();
  History after;
  CHECK(after.restore(bytes).has_value());
  CHECK(after.bytes() == bytes);
  after.take(now + 600, sample(5));
  HistoryQuestion question;
  question.from = kBegin;
  question.to = now;
  LONGS_EQUAL(10, after.read(question).step);
  DOUBLES_EQUAL(99, after.read(question).rows[0].mean.back(), 0);
}
TEST(History, ADamagedFileChangesNothing) {
  take(3);
  const std::string bytes = history.bytes();
  for (std::size_t at = 0; at < bytes.size(); at += 7) {
    std::string broken = bytes;
    broken[at] = static_cast<char>(broken[at] ^ 0x20);
    CHECK(!history.restore(broken).has_value());
    CHECK(!history.restore(std::string_view(bytes).substr(0, at)).has_value());
  }
  CHECK(!history.restore(bytes + "x").has_value());
  CHECK(history.bytes() == bytes);
}
