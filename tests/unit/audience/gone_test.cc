// Listeners of a server that is gone are counted until it was there last, whether it comes back or
// never does.
#include <memory>
#include <string>
#include <vector>

#include "audience/book.h"
#include "audience/merge.h"
#include "audience/report.h"
#include "audience/upkeep.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

constexpr std::int64_t kMorning = 20'000 * kDayMs + 8 * kHourMs;

}  // namespace

TEST_GROUP(GoneServers) {
  std::unique_ptr<Sqlite> database = *open_audience_database(":memory:");
  std::unique_ptr<AudienceMerge> merge =
      std::make_unique<AudienceMerge>(*database, std::chrono::seconds(60));
  void take(const std::string& node, std::vector<JournalRow> rows, std::int64_t at_ms,
            const char* epoch = "epoch") {
    CHECK(merge
              ->take(node, {epoch, std::move(rows)}, AudienceMerge::Origin::kElsewhere,
                     kMorning + at_ms)
              .has_value());
  }
  static JournalRow comes(std::uint64_t number, std::int64_t at_ms, std::uint64_t who) {
    ListeningBegun row;
    row.at_ms = kMorning + at_ms;
    row.who = who;
    row.mount = "/live";
    return {number, row};
  }
  AudienceSummary summary(std::int64_t now) {
    AudienceReport report(*database, kMorning + now);
    auto sum =
        report.summary(*report.mounts(), {kMorning - kHourMs, kMorning + kDayMs - 8 * kHourMs});
    if (!sum) FAIL(sum.error().what.c_str());
    return *sum;
  }
};

TEST(GoneServers, ListenersAreCountedUntilTheirServerWasThereLast) {
  take("n1", {comes(1, 0, 1)}, 0);
  take("n2", {comes(1, 0, 2)}, 0);
  CHECK(merge->nodes_seen({"n1", "n2"}, kMorning + 60'000).has_value());
  CHECK(merge->nodes_seen({"n1"}, kMorning + kHourMs).has_value());
  auto told = summary(kHourMs + 10'000);
  LONGS_EQUAL(1, told.now);
  LONGS_EQUAL(2, told.sum.sessions);
  LONGS_EQUAL(kHourMs + 10'000 + 60'000, told.sum.ms);
  AudienceReport report(*database, kMorning + kHourMs + 10'000);
  const AudienceRange range{kMorning - kHourMs, kMorning + 2 * kHourMs};
  LONGS_EQUAL(told.sum.ms,
              report.split(*report.mounts(), range, AudienceReport::By::kPlayer)->at("").ms);
  const auto hours = report.country_hours(*report.mounts(), range);
  std::int64_t by_hour = 0;
  for (const auto& [country, all] : *hours)
    for (const std::int64_t ms : all) by_hour += ms;
  LONGS_EQUAL(told.sum.ms, by_hour);
  // It was cut off, and its listener has listened on.
  take("n2", {}, kHourMs + 10'000);
  told = summary(kHourMs + 20'000);
  LONGS_EQUAL(2, told.now);
  LONGS_EQUAL(2 * (kHourMs + 20'000), told.sum.ms);
}
TEST(GoneServers, OneThatNeverComesBackHasNoListenerForEver) {
  take("n1",
       {{1, TitleBegun{kMorning, "/live", "A"}},
        {2, TitleBegun{kMorning + kHourMs, "/live", "B"}},
        {3, TitleBegun{kMorning + 2 * kHourMs, "/live", "C"}}},
       0);
  take("n2", {comes(1, 0, 2)}, 60'000);
  CHECK(count_performances(*database, kMorning + 3 * kHourMs).has_value());
  CHECK(!*merge->end_gone(kMorning + kDayMs));
  Statement open = database->prepare("SELECT COUNT(*) FROM open");
  LONGS_EQUAL(1, open.first_number());
  CHECK(!*merge->end_gone(kMorning + kOldestRowMs + 60'001));
  LONGS_EQUAL(0, open.first_number());
  LONGS_EQUAL(60'000, summary(kDayMs).sum.ms);
  Statement heard = database->prepare("SELECT performances FROM play WHERE title=?");
  LONGS_EQUAL(1, heard.first_number("A"));
  LONGS_EQUAL(0, heard.first_number("B"));
}
// From 3 h on it is gone; at 6 h it is there again, and its listener had left at 4 h.
TEST(GoneServers, TitlesAreWithoutTheListenersOfAServerThatIsGone) {
  std::vector<JournalRow> titles;
  for (std::uint64_t hour = 0; hour < 8; ++hour)
    titles.push_back(
        {hour + 1, TitleBegun{kMorning + static_cast<std::int64_t>(hour) * kHourMs, "/live",
                              std::string(1, static_cast<char>('A' + hour))}});
  take("n1", titles, 0);
  take("n2", {comes(1, 0, 2)}, 60'000);
  Statement heard = database->prepare("SELECT performances FROM play WHERE title=?");
  Statement listeners = database->prepare(
      "SELECT l.began FROM play_listeners l JOIN play p ON p.id=l.play WHERE title=?");
  const auto count = [&](std::int64_t hour) {
    CHECK(!*merge->pause_gone(kMorning + hour * kHourMs));
    CHECK(count_performances(*database, kMorning + hour * kHourMs).has_value());
  };
  const auto is = [&](const char* told) {
    for (const char* at = told; *at != '\0'; ++at)
      LONGS_EQUAL(*at - '0',
                  heard.first_number(std::string(1, static_cast<char>('A' + (at - told)))));
  };
  CHECK(merge->nodes_seen({"n2"}, kMorning + 3 * kHourMs).has_value());
  count(3);
  is("11");
  count(5);
  is("1110");
  LONGS_EQUAL(1, listeners.first_number("C"));
  LONGS_EQUAL(0, listeners.first_number("D"));
  // It is there again, with its listener as far as is known.
  CHECK(merge->nodes_seen({"n2"}, kMorning + 6 * kHourMs).has_value());
  is("1111");
  count(6);
  is("11111");
  take("n2", {{2, ListeningEnded{1, kMorning + 4 * kHourMs, 1'000'000, false}}}, 6 * kHourMs);
  is("11110");
  count(8);
  is("1111000");
  Statement paused = database->prepare("SELECT COUNT(*) FROM open_until");
  LONGS_EQUAL(0, paused.first_number());
  // It is gone again, and comes back with rows: they say until when.
  take("n2", {comes(3, 7 * kHourMs, 3)}, 7 * kHourMs);
  count(9);
  LONGS_EQUAL(1, paused.first_number());
  take("n2", {{4, ListeningEnded{3, kMorning + 9 * kHourMs, 1'000'000, false}}}, 10 * kHourMs);
  LONGS_EQUAL(0, paused.first_number());
  is("1111000");
}
// As a copy of the database that is put back leaves it.
TEST(GoneServers, WhatMayHaveEndedInRowsThatNeverCameIsCountedUntilThem) {
  take("n1", {comes(1, 0, 1), comes(2, 0, 2)}, 1000);
  CHECK(merge->nodes_seen({"n1"}, kMorning + 60'000).has_value());
  take("n1", {comes(9, kHourMs, 3)}, kHourMs);
  auto told = summary(2 * kHourMs);
  CHECK(merge->nodes_seen({"n1"}, kMorning + 2 * kHourMs).has_value());
  told = summary(2 * kHourMs);
  LONGS_EQUAL(1, told.now);
  LONGS_EQUAL(2 * 60'000 + kHourMs, told.sum.ms);
  // The end of one comes.
  take("n1", {{10, ListeningEnded{2, kMorning + 2 * kHourMs, 1'000'000, false}}}, 2 * kHourMs);
  told = summary(2 * kHourMs);
  LONGS_EQUAL(60'000 + 2 * kHourMs + kHourMs, told.sum.ms);
  // That of the other one never does.
  CHECK(!*merge->end_gone(kMorning + kOldestRowMs + 61'000));
  Statement left =
      database->prepare("SELECT (SELECT COUNT(*) FROM open_until)*10+(SELECT COUNT(*) FROM open)");
  CHECK(merge->nodes_seen({"n1"}, kMorning + kOldestRowMs + 60'000).has_value());
  LONGS_EQUAL(1, left.first_number());
  LONGS_EQUAL(3, summary(2 * kHourMs).sum.sessions);
}
TEST(GoneServers, AJournalThatIsReplacedEndsWhereItWasSeenLast) {
  take("n1", {comes(1, 0, 1)}, 20'000);
  take("n1", {comes(1, kHourMs, 2)}, kHourMs, "another");
  CHECK(merge->nodes_seen({"n1"}, kMorning + 2 * kHourMs).has_value());
  CHECK(!*merge->end_gone(kMorning + 2 * kHourMs));
  const auto told = summary(2 * kHourMs);
  LONGS_EQUAL(1, told.now);
  LONGS_EQUAL(kHourMs + 20'000, told.sum.ms);
}
TEST(GoneServers, PeopleOfDaysAgoAreKnownAgainInTheNextBatch) {
  const std::int64_t now = 6 * kDayMs;
  const auto goes = [](std::uint64_t number, std::uint64_t of, std::int64_t at_ms) {
    return JournalRow{number, ListeningEnded{of, kMorning + at_ms, 1'000'000, false}};
  };
  const auto prune = [&](std::int64_t at_ms) {
    AudienceKeeping keeping;
    keeping.late_ms = merge->late_ms();
    while (*prune_audience(*database, keeping, kMorning + at_ms)) {
    }
  };
  take("n1", {comes(1, 0, 1), goes(2, 1, 600'000)}, now);
  prune(now + 1000);
  take("n1", {comes(3, 630'000, 1), goes(4, 3, 900'000)}, now + 2000);
  prune(now + 3000);
  take("n1", {comes(5, 2 * kHourMs, 1), goes(6, 5, 3 * kHourMs)}, now + 4000);
  const auto told = summary(now + 5000);
  LONGS_EQUAL(2, told.sum.sessions);
  LONGS_EQUAL(1, told.people);
  Statement kept =
      database->prepare("SELECT (SELECT COUNT(*) FROM recent)+(SELECT COUNT(*) FROM seen)");
  CHECK(kept.first_number() > 0);
  prune(now + kHourMs);
  LONGS_EQUAL(0, kept.first_number());
}
// Its listeners went on at another one, and are the same sessions, before and after its rows come.
TEST(GoneServers, WhoWentOnElsewhereIsOneSession) {
  for (const std::int64_t back : {2 * kHourMs, 5 * kDayMs}) {
    merge.reset();
    database = *open_audience_database(":memory:");
    merge = std::make_unique<AudienceMerge>(*database, std::chrono::seconds(60));
    const auto goes = [](std::uint64_t number, std::uint64_t of, std::int64_t at_ms) {
      return JournalRow{number, ListeningEnded{of, kMorning + at_ms, 1'000'000, false}};
    };
    const auto is_one = [&](std::int64_t now, std::int64_t count, std::int64_t listeners) {
      const auto told = summary(now);
      LONGS_EQUAL(count, told.sum.sessions);
      LONGS_EQUAL(count, told.sum.long_sessions());
      LONGS_EQUAL(count, told.people);
      LONGS_EQUAL(listeners, told.now);
      AudienceReport report(*database, kMorning + now);
      const AudienceRange range{kMorning - kHourMs, kMorning + kDayMs};
      LONGS_EQUAL(
          count,
          report.split(*report.mounts(), range, AudienceReport::By::kPlayer)->at("").sessions);
    };
    // One of them has been counted before, by a first listening; the third one goes on nowhere.
    take(
        "n1",
        {comes(1, 0, 1), comes(2, 0, 2), goes(3, 2, 300'000), comes(4, 310'000, 2), comes(5, 0, 3)},
        310'000);
    CHECK(merge->nodes_seen({"n1"}, kMorning + 600'000).has_value());
    take("n2", {comes(1, 605'000, 1), comes(2, 606'000, 2)}, 607'000);
    CHECK(merge->nodes_seen({"n2"}, kMorning + 620'000).has_value());
    is_one(634'000, 3, 2);  // they are not long there yet
    CHECK(merge->nodes_seen({"n2"}, kMorning + kHourMs).has_value());
    is_one(kHourMs, 3, 2);
    take("n2", {goes(3, 1, kHourMs), goes(4, 2, kHourMs)}, kHourMs);
    is_one(kHourMs + 60'000, 3, 0);
    AudienceKeeping keeping;
    while (*prune_audience(*database, keeping, kMorning + back)) {
    }
    const auto cut = [](std::uint64_t number, std::uint64_t of) {
      return JournalRow{number, ListeningEnded{of, kMorning + 599'500, 0, true}};
    };
    take("n1", {cut(6, 1), cut(7, 4), cut(8, 5)}, back);
    is_one(back, 3, 0);
    LONGS_EQUAL(3, database->prepare("SELECT COUNT(*) FROM session").first_number());
    while (*prune_audience(*database, keeping, kMorning + back + 3 * kDayMs)) {
    }
    LONGS_EQUAL(0, database->prepare("SELECT COUNT(*) FROM recent").first_number());
  }
}
