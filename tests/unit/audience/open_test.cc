// Listenings that go on are in reports as they will be when they have ended.
#include <memory>
#include <string>
#include <vector>

#include "audience/merge.h"
#include "audience/report.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

constexpr std::int64_t kNoon = 20'000 * kDayMs + 12 * kHourMs;

JournalRow comes(std::uint64_t number, std::int64_t at_ms, std::uint64_t who,
                 ListenerKind kind = ListenerKind::kPerson) {
  ListeningBegun row;
  row.at_ms = at_ms;
  row.who = who;
  row.kind = kind;
  row.mount = "/live";
  row.country = "DE";
  row.player = "VLC";
  return {number, row};
}
JournalRow goes(std::uint64_t number, std::uint64_t begun, std::int64_t at_ms,
                std::uint64_t bytes = 1'000'000) {
  return {number, ListeningEnded{begun, at_ms, bytes, false}};
}

}  // namespace

TEST_GROUP(OpenListenings) {
  std::unique_ptr<Sqlite> database = *open_audience_database(":memory:");
  std::unique_ptr<AudienceMerge> merge =
      std::make_unique<AudienceMerge>(*database, std::chrono::seconds(60));
  void take(std::vector<JournalRow> rows) {
    CHECK(merge->take("n1", {"epoch", std::move(rows)}).has_value());
  }
  std::vector<SessionRow> sessions(std::int64_t now, bool counted = true, std::size_t most = 100,
                                   AudienceReport::Place after = {}) {
    AudienceReport report(*database, now);
    const AudienceRange range{kNoon - kDayMs, kNoon + kDayMs};
    return *report.sessions(*report.mounts(), range, after, most, counted);
  }
};

// Sums by country and player are those of whole hours.
TEST(OpenListenings, WhatWasHeardByCountryDoesNotChangeWhenItsListenerGoes) {
  take({comes(1, kNoon + 600'000, 7)});
  const AudienceRange range{kNoon + kHourMs + kQuarterMs, kNoon + 2 * kHourMs + kQuarterMs};
  for (const auto by : {AudienceReport::By::kCountry, AudienceReport::By::kPlayer}) {
    AudienceReport report(*database, kNoon + 4 * kHourMs);
    LONGS_EQUAL(2 * kHourMs, report.split(*report.mounts(), range, by)->begin()->second.ms);
  }
  take({goes(2, 1, kNoon + 4 * kHourMs)});
  AudienceReport report(*database, kNoon + 5 * kHourMs);
  LONGS_EQUAL(2 * kHourMs,
              report.split(*report.mounts(), range, AudienceReport::By::kCountry)->at("DE").ms);
}
TEST(OpenListenings, OfAnHourThatTheRangeBeginsInTheyAreSessions) {
  take({comes(1, kNoon + 600'000, 7)});
  const AudienceRange range{kNoon + kQuarterMs, kNoon + kHourMs};
  AudienceReport report(*database, kNoon + 4 * kHourMs);
  LONGS_EQUAL(
      1, report.split(*report.mounts(), range, AudienceReport::By::kCountry)->at("DE").sessions);
}

TEST(OpenListenings, TheSessionsAreThoseOfTheSums) {
  take({comes(1, kNoon, 7), comes(2, kNoon + 1000, 8), goes(3, 2, kNoon + 601'000),
        comes(4, kNoon + 630'000, 8), comes(5, kNoon + 2000, 9, ListenerKind::kBot),
        comes(6, kNoon + 899'000, 10)});
  CHECK(merge->nodes_seen({"n1"}, kNoon + 900'000, {{"/live", 16'000}}).has_value());
  const auto rows = sessions(kNoon + 900'000);
  // Neither the bot nor who came a second ago.
  LONGS_EQUAL(2, rows.size());
  CHECK(rows[0].open && rows[1].open);
  LONGS_EQUAL(900'000, rows[0].heard);
  LONGS_EQUAL(900'000 * 16, rows[0].bytes);
  LONGS_EQUAL(600'000 + 270'000, rows[1].heard);
  LONGS_EQUAL(1'000'000 + 270'000 * 16, rows[1].bytes);
  AudienceReport report(*database, kNoon + 900'000);
  const auto summary = report.summary(*report.mounts(), {kNoon - kDayMs, kNoon + kDayMs});
  LONGS_EQUAL(summary->sum.sessions, rows.size());
  LONGS_EQUAL(summary->sum.ms, rows[0].heard + rows[1].heard);
  LONGS_EQUAL(summary->sum.bytes, rows[0].bytes + rows[1].bytes);
  LONGS_EQUAL(4, sessions(kNoon + 900'000, false).size());
}
TEST(OpenListenings, APageHasAsManySessionsAsItMay) {
  std::vector<JournalRow> rows;
  for (std::uint64_t i = 1; i <= 20; ++i)
    rows.push_back(comes(i, kNoon + static_cast<std::int64_t>(i), i,
                         i % 2 == 0 ? ListenerKind::kBot : ListenerKind::kPerson));
  take(std::move(rows));
  const auto first = sessions(kNoon + 60'000, true, 4);
  LONGS_EQUAL(4, first.size());
  LONGS_EQUAL(kNoon + 7, first.back().began);
  const auto next = sessions(kNoon + 60'000, true, 4, {first.back().began, first.back().id});
  LONGS_EQUAL(4, next.size());
  LONGS_EQUAL(kNoon + 9, next.front().began);
}
