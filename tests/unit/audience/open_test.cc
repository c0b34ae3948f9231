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

JournalRow comes(std::uint64_t number, std::int64_t at_ms, std::uint64_t who) {
  ListeningBegun row;
  row.at_ms = at_ms;
  row.who = who;
  row.mount = "/live";
  row.country = "DE";
  row.player = "VLC";
  return {number, row};
}
JournalRow goes(std::uint64_t number, std::uint64_t begun, std::int64_t at_ms) {
  return {number, ListeningEnded{begun, at_ms, 1'000'000, false}};
}

}  // namespace

TEST_GROUP(OpenListenings) {
  std::unique_ptr<Sqlite> database = *open_audience_database(":memory:");
  std::unique_ptr<AudienceMerge> merge =
      std::make_unique<AudienceMerge>(*database, std::chrono::seconds(60));
  void take(std::vector<JournalRow> rows) {
    CHECK(merge->take("n1", {"epoch", std::move(rows)}).has_value());
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
