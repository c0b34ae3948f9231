// Fortnights: reports read the same of them as of the rows, at any time of packing.
#include "audience/fortnights.h"

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <tuple>
#include <utility>

#include "audience/database_fixture.h"
#include "audience/day_sums.h"
#include "audience/report.h"
#include "audience/sums.h"
#include "base/random.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;

namespace {

constexpr std::int64_t kFirst = 1429, kFortnights = 3, kMounts = kListedMounts + 2,
                       kBegin = kFirst * kFortnightMs - 3 * kDayMs,
                       kEnd = (kFirst + kFortnights) * kFortnightMs + 5 * kDayMs,
                       kLater = kEnd + 40 * kDayMs;

using Periods = std::map<std::pair<std::int64_t, std::int64_t>, AudienceSum>;
using Split = std::map<std::string, AudienceSum>;
using Hours = std::map<std::pair<std::string, std::int64_t>, std::int64_t>;

bool are_same(const AudienceSum& a, const AudienceSum& b) {
  return a.ms == b.ms && a.bytes == b.bytes && a.sessions == b.sessions && a.shorts == b.shorts;
}

}  // namespace

TEST_GROUP_BASE(Fortnights, DatabaseFixture) {
  Rng rng{7};

  void setup() override {
    open();
    put("INSERT INTO player(name) VALUES('VLC'),('mpv'),('Sonos')");
    for (std::int64_t mount = 1; mount <= kMounts; ++mount)
      put(cat({"INSERT INTO mount VALUES(", mount, ", '/", mount, "')"}));
    in_one([&] { listen(1000, kBegin, kEnd); });
  }
  void in_one(const std::function<void()>& work) {
    put("BEGIN");
    work();
    sums_marked(*database).run();
    put("COMMIT");
  }
  // As the merge counts listeners, in a transaction.
  void listen(int count, std::int64_t from, std::int64_t to, std::int64_t mount = 0) {
    constexpr std::string_view kCountries[] = {"", "AT", "DE", "FR"};
    AudienceSums sums(*database);
    Statement shorts =
        database->prepare("INSERT INTO slot_short VALUES(?,?,1) ON CONFLICT DO UPDATE SET n=n+1");
    for (; count > 0; --count) {
      const auto below = [&](std::int64_t most) {
        return static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(most)));
      };
      const AudienceSums::Of of{mount != 0 ? mount : 1 + below(kMounts), 1 + below(3),
                                std::string(kCountries[rng.below(4)])};
      const std::int64_t began = from + below(to - from),
                         length = 1 + below(std::int64_t{1} << (10 + below(14)));
      sums.heard(of, began, began + length, below(std::int64_t{1} << (10 + below(30))));
      sums.sessions(of, began, 1);
      if (length >= kLongSessionMs) continue;
      for (const std::int64_t one : {of.mount, kAllMounts}) shorts.run(one, began / kQuarterMs);
    }
    sums.write();
  }
  void pack(std::int64_t now_ms = kLater) {
    while (*sum_days(*database, now_ms)) continue;
  }
  static std::string numbers(const AudienceReport::Mounts& of) {
    std::string list;
    for (const auto& [mount, name] : of) list += cat({list.empty() ? "" : ",", mount});
    return list;
  }
  void compare_periods(const AudienceReport::Mounts& of, AudienceRange range, std::int64_t ahead,
                       std::int64_t length) {
    Periods expected, reported;
    Statement rows = database->prepare(cat(
        {"SELECT mount, (at+?1)/?2, SUM(ms), SUM(bytes), SUM(sessions), SUM(n) FROM (SELECT mount, "
         "at, ms, bytes, sessions, 0 AS n FROM slot UNION ALL SELECT mount, at, 0, 0, 0, n FROM "
         "slot_short) WHERE at>=?3 AND at<?4 AND mount IN (",
         numbers(of), ") GROUP BY 1, 2"}));
    rows.bind(ahead, length, range.from / kQuarterMs, range.to / kQuarterMs);
    std::map<std::int64_t, AudienceSum> of_all;
    while (rows.step()) {
      const AudienceSum sum{rows.number(2), rows.number(3), rows.number(4), rows.number(5)};
      expected[{rows.number(0), rows.number(1)}] = sum;
      of_all[rows.number(1)] += sum;
    }
    AudienceReport report(*database, kLater);
    const auto period_of = [=](std::int64_t quarter) { return (quarter + ahead) / length; };
    const auto read = report.periods(
        of, range, period_of, [&](std::int64_t mount, std::int64_t period, const AudienceSum& sum) {
          reported[{mount, period}] = sum;
          return true;
        });
    if (!read) FAIL(read.error().what.c_str());
    CHECK(std::equal(expected.begin(), expected.end(), reported.begin(), reported.end(),
                     [](const auto& a, const auto& b) {
                       return a.first == b.first && are_same(a.second, b.second);
                     }));
    const auto together = *report.hours(of, range, period_of);
    CHECK(std::all_of(together.begin(), together.end(), [&](const AudiencePeriod& one) {
      return are_same(of_all[one.period], one.sum);
    }));
    compare_quarters(of, range);
  }
  void compare_quarters(const AudienceReport::Mounts& of, AudienceRange range) {
    const std::int64_t first = range.from / kQuarterMs;
    auto heard = *AudienceReport(*database, kLater).quarters(of, range);
    Statement rows = database->prepare(
        cat({"SELECT at, ms FROM slot WHERE mount IN (", numbers(of), ") AND at>=? AND at<?"}));
    rows.bind(first, range.to / kQuarterMs);
    while (rows.step()) heard[static_cast<std::size_t>(rows.number(0) - first)] -= rows.number(1);
    CHECK(std::all_of(heard.begin(), heard.end(), [](std::int64_t left) { return left == 0; }));
  }
  void compare_splits(const AudienceReport::Mounts& of, AudienceRange range) {
    AudienceReport report(*database, kLater);
    const std::int64_t first = range.from / kHourMs, last = (range.to + kHourMs - 1) / kHourMs;
    Split countries, players;
    Hours hours;
    Statement rows = database->prepare(
        cat({"SELECT hour, country, p.name, ms, bytes, sessions FROM split JOIN player p ON "
             "p.id=player WHERE mount IN (",
             numbers(of), ") AND hour>=? AND hour<?"}));
    rows.bind(first, last);
    while (rows.step()) {
      const AudienceSum sum{rows.number(3), rows.number(4), rows.number(5)};
      countries[std::string(rows.text(1))] += sum;
      players[std::string(rows.text(2))] += sum;
      hours[{std::string(rows.text(1)), rows.number(0)}] += sum.ms;
    }
    for (const auto& [by, expected] : {std::pair(AudienceReport::By::kCountry, &countries),
                                       std::pair(AudienceReport::By::kPlayer, &players)}) {
      const auto read = report.split(of, range, by);
      if (!read) FAIL(read.error().what.c_str());
      CHECK(std::equal(expected->begin(), expected->end(), read->begin(), read->end(),
                       [](const auto& a, const auto& b) {
                         return a.first == b.first && are_same(a.second, b.second);
                       }));
    }
    const auto heard = report.country_hours(of, range);
    std::size_t others = 0;
    for (const auto& [country, of_hour] : *heard)
      for (std::int64_t hour = first; const std::int64_t ms : of_hour)
        others += hours[{country, hour++}] == ms ? 0 : 1;
    CHECK_EQUAL(0, others);
    CHECK_EQUAL(countries.size(), heard->size());
  }
  // Of all mounts, all but one, some and one; whole fortnights, and parts of them.
  void compare() {
    const auto all = *AudienceReport(*database, kLater).mounts();
    AudienceReport::Mounts most = all, some, one{*all.begin()};
    most.erase(3);
    for (std::int64_t mount = 1; mount < kMounts; mount += 2) some.emplace(mount, "");
    const AudienceRange whole{kBegin - kDayMs, kEnd + kDayMs},
        parts{kFirst * kFortnightMs + 5 * kQuarterMs, kEnd - 3 * kQuarterMs},
        within{(kFirst + 1) * kFortnightMs, (kFirst + 2) * kFortnightMs};
    for (const AudienceReport::Mounts& of : {all, most, some, one}) {
      for (const auto& [range, ahead, length] :
           {std::tuple<AudienceRange, std::int64_t, std::int64_t>{whole, 22, 96},
            {whole, 0, 1'000'000},
            {parts, 0, 4},
            {parts, 0, 96},
            {parts, 8, 2880},
            {within, 0, 4}})
        compare_periods(of, range, ahead, length);
      for (const AudienceRange range : {whole, parts, within}) compare_splits(of, range);
    }
  }
};

TEST(Fortnights, PackedOrNotTheSumsAreThoseOfTheirRows) {
  compare();
  pack((kFirst + 2) * kFortnightMs + 5 * kDayMs);  // a part of the fortnights is over
  CHECK(count("fortnight") > 0 && count("fortnight_due") > 0);
  compare();
  pack();
  CHECK_EQUAL(0, count("fortnight_due"));
  compare();
}

// Without the rows, a packed fortnight still has its sums.
TEST(Fortnights, ReportsReadPackedFortnights) {
  const AudienceRange range{kFirst * kFortnightMs, (kFirst + kFortnights) * kFortnightMs};
  AudienceReport report(*database, kLater);
  const auto all = *report.mounts();
  const auto by_hour = [](std::int64_t quarter) { return quarter / 4; };
  const auto hours = *report.hours({*all.begin()}, range, by_hour);
  const auto countries = *report.split(all, range, AudienceReport::By::kCountry);
  const auto of_country = *report.country_hours(all, range);
  pack();
  for (const std::string_view table :
       {"slot", "slot_short", "slot_day", "slot_packed", "slot_rest", "split", "split_day"})
    put(cat({"DELETE FROM ", table}));
  const auto packed = *report.hours({*all.begin()}, range, by_hour);
  CHECK_EQUAL(hours.size(), packed.size());
  for (std::size_t i = 0; i < hours.size(); ++i) CHECK(are_same(hours[i].sum, packed[i].sum));
  const auto split = *report.split(all, range, AudienceReport::By::kCountry);
  CHECK_EQUAL(countries.size(), split.size());
  for (const auto& [country, sum] : split) CHECK(are_same(countries.at(country), sum));
  CHECK(of_country == *report.country_hours(all, range));
}

TEST(Fortnights, LateRowsListTheFortnightAgain) {
  pack();
  const std::int64_t late = (kFirst + 1) * kFortnightMs + 20 * kHourMs;
  for (int times = 0; times < 3; ++times) {
    in_one([&] { listen(3, late, late + kHourMs, 2); });
    // That of the mount, and of all mounts; a listener may stay until the next day, not longer.
    CHECK_EQUAL(2, count("fortnight_due"));
    compare();
    // The day is packed, or not.
    if (times != 1) pack();
    compare();
  }
  CHECK_EQUAL(0, count("fortnight_due"));
  // A change of short sessions alone.
  put(cat({"UPDATE slot_short SET n=n+1 WHERE mount=4 AND at/1344=", kFirst + 1}));
  put(
      cat({"UPDATE slot_short SET n=(SELECT SUM(n) FROM slot_short x WHERE x.mount>0 AND "
           "x.at=slot_short.at) WHERE mount=0 AND at/1344=",
           kFirst + 1}));
  compare();
  pack();
  compare();
}

// The second row of a day lists nothing, so the day has to be packed before its fortnight.
TEST(Fortnights, ADayThatStillChangesKeepsItsFortnightUnpacked) {
  const std::int64_t now = (kFirst + 1) * kFortnightMs;
  pack(now);
  CHECK_EQUAL(
      0, database->prepare("SELECT COUNT(*) FROM fortnight WHERE number=?").first_number(kFirst));
  compare();
  pack(now + 2 * kDayMs);
  CHECK(database->prepare("SELECT COUNT(*) FROM fortnight WHERE number=?").first_number(kFirst) >
        0);
  in_one([&] { listen(9, now - kDayMs, now - kHourMs * 8); });
  compare();
  pack(now + 2 * kDayMs);
  in_one([&] { listen(9, now - kDayMs, now - kHourMs * 8); });
  compare();
}

TEST(Fortnights, AFileOfBeforeIsPackedInSlicesAndReadMeanwhile) {
  pack();
  put("DROP TABLE fortnight; DROP TABLE fortnight_split; DROP TABLE fortnight_due; DROP TABLE "
      "fortnight_unlisted; DROP TRIGGER fortnight_changed");
  compare();  // as a program that only reads the file
  open();
  CHECK_EQUAL(kMounts, count("fortnight_unlisted"));
  compare();
  CHECK(*sum_days(*database, kLater));
  CHECK_EQUAL(kMounts - kListedMounts, count("fortnight_unlisted"));
  // A late row for a mount that is listed, and for one that is not.
  in_one([&] {
    for (const std::int64_t mount : {std::int64_t{1}, kMounts})
      listen(2, (kFirst + 1) * kFortnightMs, (kFirst + 1) * kFortnightMs + kDayMs, mount);
  });
  compare();
  while (count("fortnight_unlisted") > 0) CHECK(*sum_days(*database, kLater));
  CHECK(*sum_days(*database, kLater));
  CHECK(count("fortnight") > 0 && count("fortnight_due") > 0);
  compare();
  pack();
  CHECK_EQUAL(0, count("fortnight_due"));
  compare();
}

// It adds rows of a mount, and not to the sums of all mounts and by days.
TEST(Fortnights, WhatAProgramOfBeforeAddsIsPackedOnceItIsSummed) {
  pack();
  const std::int64_t hour = (kFirst + 1) * kFortnightHours + 5;
  put("BEGIN");
  put("UPDATE unsummed SET sums=1");
  put(cat({"INSERT INTO slot VALUES(5,", 4 * hour,
           ",1000,2000,1) ON CONFLICT DO UPDATE SET "
           "ms=ms+1000, bytes=bytes+2000, "
           "sessions=sessions+1"}));
  put(cat({"INSERT INTO split VALUES(5,", hour,
           ",'DE',1,1000,2000,1) ON CONFLICT DO UPDATE SET "
           "ms=ms+1000, bytes=bytes+2000, "
           "sessions=sessions+1"}));
  put("COMMIT");
  compare();
  open();
  compare();
  pack();
  compare();
}
