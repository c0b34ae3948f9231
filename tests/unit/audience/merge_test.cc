// Rows of journals become sessions and sums, each row once, in whatever order nodes deliver them.
#include "audience/merge.h"

#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "audience/day_sums.h"
#include "audience/report.h"
#include "audience/upkeep.h"
#include "base/cat.h"
#include "base/random.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

constexpr std::int64_t kNoon = 1'700'000'100'000 / kDayMs * kDayMs + 12 * kHourMs;

JournalRow begun(std::uint64_t number, std::int64_t at_ms, std::uint64_t who,
                 std::uint64_t before = 0) {
  ListeningBegun row;
  row.at_ms = at_ms;
  row.who = who;
  row.before = before;
  row.mount = "/live";
  row.country = "DE";
  row.player = "VLC";
  return {number, row};
}
JournalRow ended(std::uint64_t number, std::uint64_t of, std::int64_t at_ms,
                 std::uint64_t bytes = 1'000'000) {
  return {number, ListeningEnded{of, at_ms, bytes, false}};
}

}  // namespace

TEST_GROUP(AudienceMerge) {
  std::unique_ptr<Sqlite> database;
  std::unique_ptr<AudienceMerge> merge;
  void setup() override {
    merge.reset();
    database = *open_audience_database(":memory:");
    merge = std::make_unique<AudienceMerge>(*database, std::chrono::seconds(60));
  }
  AudienceMerge::Merged take(std::vector<JournalRow> rows, const std::string& node = "n1") {
    auto merged = merge->take(node, {"epoch", std::move(rows)});
    if (!merged) FAIL(merged.error().what.c_str());
    return *merged;
  }
  AudienceSummary summary(std::int64_t now = kNoon + 20 * kHourMs) {
    AudienceReport report(*database, now);
    const auto mounts = report.mounts();
    auto sum = report.summary(*mounts, {kNoon - kDayMs, kNoon + kDayMs});
    if (!sum) FAIL(sum.error().what.c_str());
    return *sum;
  }
  static std::map<std::pair<std::int64_t, std::int64_t>, AudienceSum> periods(
      AudienceReport & report, const AudienceReport::Mounts& of, AudienceRange range,
      const AudienceReport::PeriodOf& period_of) {
    std::map<std::pair<std::int64_t, std::int64_t>, AudienceSum> sums;
    const auto read = report.periods(
        of, range, period_of, [&](std::int64_t mount, std::int64_t period, const AudienceSum& sum) {
          sums[{mount, period}] = sum;
          return true;
        });
    if (!read) FAIL(read.error().what.c_str());
    return sums;
  }
  static std::int64_t by_quarter(std::int64_t quarter) { return quarter; }
  // As of a day when all of it is long over.
  void pack_days() {
    for (bool more = true; more;) more = *sum_days(*database, kNoon + 30 * kDayMs);
  }
  std::vector<SessionRow> sessions() {
    AudienceReport report(*database, kNoon + 20 * kHourMs);
    return *report.sessions(*report.mounts(), {0, kNoon + kDayMs}, {}, 10'000, false);
  }
};

TEST(AudienceMerge, AListeningIsASession) {
  const auto merged = take({begun(1, kNoon, 7), ended(2, 1, kNoon + 1'234'567)});
  LONGS_EQUAL(2, merged.seen);
  LONGS_EQUAL(0, merged.missing);
  const auto sum = summary();
  LONGS_EQUAL(1'234'567, sum.sum.ms);
  LONGS_EQUAL(1'000'000, sum.sum.bytes);
  LONGS_EQUAL(1, sum.sum.sessions);
  LONGS_EQUAL(1, sum.people);
  LONGS_EQUAL(0, sum.now);
}
TEST(AudienceMerge, ABatchThatComesAgainCountsNothingTwice) {
  const std::vector<JournalRow> rows = {begun(1, kNoon, 7), ended(2, 1, kNoon + 60'000)};
  take(rows);
  LONGS_EQUAL(0, take(rows).added);
  auto more = rows;
  more.push_back(begun(3, kNoon + 400'000, 8));
  more.push_back(ended(4, 3, kNoon + 500'000));
  LONGS_EQUAL(2, take(more).added);
  LONGS_EQUAL(160'000, summary().sum.ms);
  LONGS_EQUAL(2, summary().sum.sessions);
}
TEST(AudienceMerge, TheSameNumbersOfAnotherNodeAreOtherRows) {
  take({begun(1, kNoon, 7), ended(2, 1, kNoon + 60'000)}, "n1");
  take({begun(1, kNoon, 8), ended(2, 1, kNoon + 60'000)}, "n2");
  LONGS_EQUAL(120'000, summary().sum.ms);
}
TEST(AudienceMerge, RowsThatNeverCameAreTold) {
  LONGS_EQUAL(4, take({begun(5, kNoon, 7)}).missing);
}
TEST(AudienceMerge, WithinTheWindowItStaysOneSessionOnWhateverNode) {
  take({begun(1, kNoon, 7), ended(2, 1, kNoon + 60'000)}, "n1");
  take({begun(1, kNoon + 119'000, 7), ended(2, 1, kNoon + 200'000)}, "n2");
  LONGS_EQUAL(1, sessions().size());
  LONGS_EQUAL(141'000, summary().sum.ms);
  take({begun(3, kNoon + 261'000, 7), ended(4, 3, kNoon + 400'000)}, "n2");
  LONGS_EQUAL(2, sessions().size());
  LONGS_EQUAL(1, summary().people);
}
TEST(AudienceMerge, ANodeThatDeliversLateChangesNothing) {
  take({begun(1, kNoon + 65'000, 7), ended(2, 1, kNoon + 200'000)}, "n2");
  take({begun(1, kNoon, 7), ended(2, 1, kNoon + 60'000)}, "n1");
  LONGS_EQUAL(1, sessions().size());
  LONGS_EQUAL(195'000, summary().sum.ms);
  LONGS_EQUAL(1, summary().sum.sessions);
}
// Of a listener that goes to another node and back within the window, that node's rows come last.
TEST(AudienceMerge, WhatComesLateIntoAPauseIsOfTheSameSession) {
  for (const bool ends_last : {true, false}) {
    setup();
    take({begun(1, kNoon, 7), ended(2, 1, kNoon + 60'000), begun(3, kNoon + 100'000, 7)}, "n1");
    if (!ends_last) take({ended(4, 3, kNoon + 200'000)}, "n1");
    // Its moves overlap, once by 5 s.
    take({begun(1, kNoon + 55'000, 7), ended(2, 1, kNoon + 80'000), begun(3, kNoon + 90'000, 7),
          ended(4, 3, kNoon + 100'000)},
         "n2");
    if (ends_last) take({ended(4, 3, kNoon + 200'000)}, "n1");
    LONGS_EQUAL(1, sessions().size());
    LONGS_EQUAL(4, sessions().front().connections);
    LONGS_EQUAL(190'000, sessions().front().heard);
    LONGS_EQUAL(4'000'000, sessions().front().bytes);
    LONGS_EQUAL(kNoon + 200'000, sessions().front().ended);
    LONGS_EQUAL(190'000, summary().sum.ms);
    LONGS_EQUAL(1, summary().sum.sessions);
    LONGS_EQUAL(1, summary().people);
  }
}
TEST(AudienceMerge, WhoListensBeyondAPauseIsAnother) {
  take({begun(1, kNoon, 7), ended(2, 1, kNoon + 60'000), begun(3, kNoon + 100'000, 7),
        ended(4, 3, kNoon + 200'000)},
       "n1");
  take({begun(1, kNoon + 70'000, 7), ended(2, 1, kNoon + 110'001), begun(3, kNoon + 49'999, 7),
        ended(4, 3, kNoon + 90'000)},
       "n2");
  LONGS_EQUAL(3, sessions().size());
}
TEST(AudienceMerge, OverMidnightTheKeyOfYesterdayKnowsIt) {
  take({begun(1, kNoon, 7), ended(2, 1, kNoon + 60'000), begun(3, kNoon + 70'000, 9, 7),
        ended(4, 3, kNoon + 130'000), begun(5, kNoon + 140'000, 9), ended(6, 5, kNoon + 200'000)});
  LONGS_EQUAL(1, sessions().size());
  LONGS_EQUAL(180'000, summary().sum.ms);
}
TEST(AudienceMerge, OverMidnightANodeThatDeliversLateChangesNothing) {
  take({begun(1, kNoon + 65'000, 9, 7), ended(2, 1, kNoon + 200'000)}, "n2");
  take({begun(1, kNoon, 7), ended(2, 1, kNoon + 60'000)}, "n1");
  LONGS_EQUAL(1, sessions().size());
  LONGS_EQUAL(195'000, summary().sum.ms);
  // A move: the end at the first node arrives behind the start at the second one.
  take({begun(3, kNoon, 17)}, "n1");
  take({begun(3, kNoon + 65'000, 19, 17)}, "n2");
  take({ended(4, 3, kNoon + 64'000)}, "n1");
  take({ended(4, 3, kNoon + 100'000)}, "n2");
  LONGS_EQUAL(2, sessions().size());
  LONGS_EQUAL(195'000 + 99'000, summary().sum.ms);
}
TEST(AudienceMerge, WhatWentOnOverMidnightIsFoundByWhatComesLateBeforeIt) {
  take({begun(1, kNoon + 65'000, 7), ended(2, 1, kNoon + 100'000), begun(3, kNoon + 110'000, 9, 7),
        ended(4, 3, kNoon + 200'000)},
       "n2");
  take({begun(1, kNoon, 7), ended(2, 1, kNoon + 60'000)}, "n1");
  LONGS_EQUAL(1, sessions().size());
  LONGS_EQUAL(60'000 + 35'000 + 90'000, summary().sum.ms);
}
TEST(AudienceMerge, TheOverlapOfAMoveCountsOnce) {
  take({begun(1, kNoon, 7), ended(2, 1, kNoon + 60'000)}, "n1");
  take({begun(1, kNoon + 55'000, 7), ended(2, 1, kNoon + 100'000)}, "n2");
  LONGS_EQUAL(100'000, summary().sum.ms);
  LONGS_EQUAL(1, sessions().size());
}
TEST(AudienceMerge, TwoAtOnceAreTwo) {
  take({begun(1, kNoon, 7), begun(2, kNoon + 1000, 7), ended(3, 1, kNoon + 60'000),
        ended(4, 2, kNoon + 61'000)});
  LONGS_EQUAL(2, summary().sum.sessions);
  LONGS_EQUAL(120'000, summary().sum.ms);
}
TEST(AudienceMerge, AQuickLookIsInNoSumUntilItGoesOn) {
  take({begun(1, kNoon, 7), ended(2, 1, kNoon + 3000)});
  LONGS_EQUAL(0, summary().sum.ms);
  LONGS_EQUAL(kQuickLook, sessions()[0].kind);
  take({begun(3, kNoon + 5000, 7), ended(4, 3, kNoon + 65'000)});
  LONGS_EQUAL(63'000, summary().sum.ms);
  LONGS_EQUAL(1, summary().sum.sessions);
  LONGS_EQUAL(2'000'000, summary().sum.bytes);
}
TEST(AudienceMerge, ASecondSocketOfAPlayerIsAQuickLook) {
  take({begun(1, kNoon, 7), begun(2, kNoon + 1000, 7), ended(3, 2, kNoon + 8000),
        ended(4, 1, kNoon + 60'000)});
  LONGS_EQUAL(60'000, summary().sum.ms);
  LONGS_EQUAL(1, summary().sum.sessions);
}
// Of the sums, as of sessions that are open, the mean length has those of a minute or more.
TEST(AudienceMerge, ShortSessionsAreToldApart) {
  const auto are = [this](std::int64_t sessions, std::int64_t long_ones, std::int64_t now) {
    LONGS_EQUAL(sessions, summary(now).sum.sessions);
    LONGS_EQUAL(long_ones, summary(now).sum.long_sessions());
  };
  take({begun(1, kNoon, 7), ended(2, 1, kNoon + 59'999), begun(3, kNoon, 8)});
  are(2, 0, kNoon + 59'999);
  are(2, 1, kNoon + 60'000);
  take({ended(4, 3, kNoon + 60'000)});
  are(2, 1, kNoon + 61'000);
  take({begun(5, kNoon + 70'000, 7)});  // it goes on, and gets long
  are(2, 1, kNoon + 70'000);
  are(2, 2, kNoon + 70'001);
  take({ended(6, 5, kNoon + 80'000)});
  are(2, 2, kNoon + kHourMs);
  take({begun(7, kNoon + kHourMs, 9), ended(8, 7, kNoon + kHourMs + 2'000)});  // a quick look
  are(2, 2, kNoon + 2 * kHourMs);
  // Two short ones that a late row joins are a long one, of the first quarter.
  take({begun(1, kNoon + 915'000, 11), ended(2, 1, kNoon + 950'000)}, "n2");
  are(3, 2, kNoon + 2 * kHourMs);
  take({begun(1, kNoon + 880'000, 11), ended(2, 1, kNoon + 910'000)}, "n3");
  are(3, 3, kNoon + 2 * kHourMs);
  AudienceReport report(*database, kNoon + 2 * kHourMs);
  const auto quarters =
      *report.hours(*report.mounts(), {kNoon - kDayMs, kNoon + kDayMs}, by_quarter);
  for (const auto& [quarter, length, sum] : quarters) LONGS_EQUAL(0, sum.shorts);
}

TEST(AudienceMerge, BotsAndRelaysAreKeptApart) {
  for (const ListenerKind kind : {ListenerKind::kBot, ListenerKind::kRelay}) {
    auto row = begun(kind == ListenerKind::kBot ? 1 : 3, kNoon, 7);
    std::get<ListeningBegun>(row.what).kind = kind;
    take({row, ended(row.number + 1, row.number, kNoon + 60'000)});
  }
  LONGS_EQUAL(0, summary().sum.ms);
  LONGS_EQUAL(0, summary().sum.sessions);
}
TEST(AudienceMerge, WhoListensNowIsInTheSumsUpToNow) {
  take({begun(1, kNoon, 7)});
  LONGS_EQUAL(0, summary(kNoon + 4000).sum.ms);
  LONGS_EQUAL(600'000, summary(kNoon + 600'000).sum.ms);
  LONGS_EQUAL(1, summary(kNoon + 600'000).now);
  LONGS_EQUAL(1, summary(kNoon + 600'000).sum.sessions);
  take({ended(2, 1, kNoon + 700'000)});
  LONGS_EQUAL(700'000, summary(kNoon + 900'000).sum.ms);
}
TEST(AudienceMerge, WhoComesBackThatDayIsOnePersonWhileListening) {
  take({begun(1, kNoon, 7), ended(2, 1, kNoon + 600'000)});
  LONGS_EQUAL(1, summary(kNoon + 700'000).people);
  // Two sessions, of one listener and at once.
  take({begun(3, kNoon + kHourMs, 7), begun(4, kNoon + kHourMs, 8), begun(5, kNoon + kHourMs, 8)});
  const auto now = summary(kNoon + kHourMs + 600'000);
  LONGS_EQUAL(3, now.now);
  LONGS_EQUAL(4, now.sum.sessions);
  LONGS_EQUAL(2, now.people);
  take({ended(6, 3, kNoon + 2 * kHourMs), ended(7, 4, kNoon + 2 * kHourMs),
        ended(8, 5, kNoon + 2 * kHourMs)});
  LONGS_EQUAL(2, summary().people);
}
// A day's people are those that listen on it, though they came on the day before; midnight is at
// 12 h.
TEST(AudienceMerge, WhoListensOverMidnightIsAPersonOfBothDays) {
  constexpr std::int64_t kMidnight = kNoon + 12 * kHourMs;
  const auto people = [this](std::int64_t first_day, std::int64_t last_day, std::int64_t now) {
    AudienceReport report(*database, now);
    const std::int64_t first = kMidnight + (first_day - 1) * kDayMs;
    return report.summary(*report.mounts(), {first, kMidnight + last_day * kDayMs})->people;
  };
  // An hour after midnight; the one that comes back then has another number.
  take({begun(1, kMidnight - kHourMs, 7), begun(2, kMidnight - kHourMs, 8)});
  LONGS_EQUAL(2, people(0, 0, kMidnight));
  LONGS_EQUAL(0, people(1, 1, kMidnight));
  LONGS_EQUAL(2, people(1, 1, kMidnight + kHourMs));
  LONGS_EQUAL(4, people(0, 1, kMidnight + kHourMs));
  take({ended(3, 1, kMidnight - 1), ended(4, 2, kMidnight + kHourMs)});
  LONGS_EQUAL(2, people(0, 0, kMidnight + kHourMs));
  LONGS_EQUAL(1, people(1, 1, kMidnight + kHourMs));
  take({begun(5, kMidnight + 2 * kHourMs, 18, 8), ended(6, 5, kMidnight + 3 * kHourMs)});
  LONGS_EQUAL(1, people(1, 1, kMidnight + 3 * kHourMs));
  // It goes on after a short pause, which is a session.
  take({begun(7, kMidnight + 10'000, 17, 7), ended(8, 7, kMidnight + kHourMs)});
  LONGS_EQUAL(2, people(1, 1, kMidnight + 3 * kHourMs));
  LONGS_EQUAL(2, people(0, 0, kMidnight + 3 * kHourMs));
  // Two at once, of which the one that came today ends first.
  take({begun(9, kMidnight - kHourMs, 9), begun(10, kMidnight + kHourMs, 19, 9),
        ended(11, 10, kMidnight + 2 * kHourMs), ended(12, 9, kMidnight + 3 * kHourMs)});
  LONGS_EQUAL(3, people(1, 1, kMidnight + 3 * kHourMs));
  // Or last.
  take({begun(13, kMidnight - kHourMs, 10), begun(14, kMidnight + kHourMs, 20, 10),
        ended(15, 13, kMidnight + 2 * kHourMs), ended(16, 14, kMidnight + 3 * kHourMs)});
  LONGS_EQUAL(4, people(1, 1, kMidnight + 3 * kHourMs));
  // Of three days, whole and not over yet.
  take({begun(17, kMidnight - kHourMs, 11)});
  LONGS_EQUAL(5, people(1, 1, kMidnight + kDayMs + kHourMs));
  LONGS_EQUAL(1, people(2, 2, kMidnight + kDayMs + kHourMs));
  take({ended(18, 17, kMidnight + kDayMs + kHourMs)});
  LONGS_EQUAL(5, people(1, 1, kMidnight + 2 * kDayMs));
  LONGS_EQUAL(1, people(2, 2, kMidnight + 2 * kDayMs));
  LONGS_EQUAL(5, people(0, 0, kMidnight + 2 * kDayMs));
}
TEST(AudienceMerge, ACutOneCountsItsTimeThoughItsBytesAreNotKnown) {
  take({begun(1, kNoon, 7), {2, ListeningEnded{1, kNoon + 60'000, 0, true}}});
  LONGS_EQUAL(60'000, summary().sum.ms);
}
TEST(AudienceMerge, BytesAreThoseOfTheStreamUntilTheyAreKnown) {
  take({begun(1, kNoon, 7), begun(2, kNoon, 8)});
  LONGS_EQUAL(0, summary(kNoon + kHourMs).sum.bytes);
  CHECK(merge->nodes_seen({"n1"}, kNoon, {{"/live", 16'001}, {"/other", 1}}).has_value());
  const std::int64_t now = kNoon + 2 * kHourMs + 1'234'567;
  CHECK(merge->nodes_seen({"n1"}, now).has_value());
  const std::int64_t each = (now - kNoon) * 16'001 / 1000;
  LONGS_EQUAL(2 * each, summary(now).sum.bytes);
  AudienceReport report(*database, now);
  const auto mounts = *report.mounts();
  const AudienceRange range{kNoon - kDayMs, kNoon + kDayMs};
  for (const auto by : {AudienceReport::By::kCountry, AudienceReport::By::kPlayer}) {
    const auto split = *report.split(mounts, range, by);
    LONGS_EQUAL(2 * each, split.begin()->second.bytes);
  }
  std::int64_t by_quarters = 0, by_mounts = 0;
  const auto hours = *report.hours(mounts, range, &by_quarter);
  for (const auto& one : hours) by_quarters += one.sum.bytes;
  LONGS_EQUAL(2 * each, by_quarters);
  for (const auto& [key, sum] : periods(report, mounts, range, &by_quarter)) by_mounts += sum.bytes;
  LONGS_EQUAL(2 * each, by_mounts);
  // One ends, with what it got; the other one's server was killed.
  take({ended(3, 1, now, 5'000'000), {4, ListeningEnded{2, now, 0, true}}});
  LONGS_EQUAL(5'000'000 + each, summary(now).sum.bytes);
  LONGS_EQUAL(5'000'000 + each, sessions()[0].bytes + sessions()[1].bytes);
}
TEST(AudienceMerge, AnUnmeasuredStreamHasTheRateOfItsNewestSums) {
  take({begun(1, kNoon, 7), ended(2, 1, kNoon + 100'000, 1'600'000), begun(3, kNoon, 8)});
  LONGS_EQUAL(1'600'000 + 16'000 * 600, summary(kNoon + 600'000).sum.bytes);
}
TEST(AudienceMerge, ATitleHasThePerformancesOfThoseThatHadAPartOfIt) {
  take({{1, TitleBegun{kNoon, "/live", "A"}},
        begun(2, kNoon + 1000, 7),
        begun(3, kNoon + 2000, 8),
        ended(4, 2, kNoon + 100'000),
        {5, TitleBegun{kNoon + 200'000, "/live", "B"}},
        ended(6, 3, kNoon + 300'000)});
  CHECK(count_performances(*database, kNoon + 200'000 + kTitleRest + 1).has_value());
  AudienceReport report(*database, kNoon + kHourMs);
  const auto titles = report.titles(*report.mounts(), {0, kNoon + kDayMs}, {}, 10);
  LONGS_EQUAL(2, titles->size());
  LONGS_EQUAL(2, *(*titles)[0].performances);
  CHECK(!(*titles)[1].performances);
}
TEST(AudienceMerge, TitlesOfDaysAgoAreCountedBeforeTheirSessionsAreOld) {
  take({{1, TitleBegun{kNoon, "/live", "A"}},
        begun(2, kNoon + 1000, 7),
        ended(3, 2, kNoon + 100'000),
        {4, TitleBegun{kNoon + 200'000, "/live", "B"}}});
  const std::int64_t later = kNoon + 5 * kDayMs;
  CHECK(prune_audience(*database, {}, later).has_value());
  CHECK(count_performances(*database, later).has_value());
  AudienceReport report(*database, later);
  const auto titles = report.titles(*report.mounts(), {0, later}, {}, 10);
  LONGS_EQUAL(1, titles->at(0).performances.value_or(-1));
  CHECK(prune_audience(*database, {}, later).has_value());
  Statement recent = database->prepare("SELECT COUNT(*) FROM recent");
  CHECK(recent.step());
  LONGS_EQUAL(0, recent.number(0));
}
TEST(AudienceMerge, ASongHasTheFactsThatItsMountWasToldLast) {
  const auto song = [](std::uint64_t number, std::int64_t after, const char* mount,
                       const char* album) {
    return JournalRow{
        number, SongDescribed{kNoon + after, mount, "A", {"DEA123456789", album, "", "", ""}}};
  };
  take({{1, TitleBegun{kNoon, "/live", "A"}},
        {2, TitleBegun{kNoon, "/other", "A"}},
        song(3, 2000, "/live", "New"),
        song(4, 1000, "/live", "Old"),
        song(5, 0, "/other", "Else")});
  AudienceReport report(*database, kNoon + kHourMs);
  const auto mounts = *report.mounts();
  const auto plays = *report.titles(mounts, {0, kNoon + kDayMs}, {}, 10);
  LONGS_EQUAL(2, plays.size());
  for (const PlayRow& row : plays) {
    STRCMP_EQUAL(row.mount == "/live" ? "New" : "Else", row.facts.album.c_str());
    STRCMP_EQUAL("DEA123456789", row.facts.isrc.c_str());
  }
  STRCMP_EQUAL("New", report.song_facts(mounts)->at("A").album.c_str());
  const AudienceKeeping keeping{std::chrono::hours(1), std::chrono::hours(1)};
  while (*prune_audience(*database, keeping, kNoon + kDayMs)) {
  }
  CHECK(report.song_facts(mounts)->empty());
}

TEST(AudienceMerge, ATitleGainsAndLosesListeners) {
  const auto title = [](std::uint64_t number, std::int64_t at_ms, const char* text) {
    return JournalRow{number, TitleBegun{at_ms, "/live", text}};
  };
  // One stays; two come in the first song and go in the second one; a quick look comes and goes.
  take({begun(1, kNoon - 1000, 1), title(2, kNoon, "Comes"), begun(3, kNoon + 10'000, 2),
        begun(4, kNoon + 20'000, 3), begun(5, kNoon + 30'000, 4), ended(6, 5, kNoon + 31'000, 10),
        title(7, kNoon + 60'000, "Goes"), ended(8, 3, kNoon + 70'000), ended(9, 4, kNoon + 80'000),
        title(10, kNoon + 120'000, "Stays"), title(11, kNoon + 180'000, "On air")});
  CHECK(count_performances(*database, kNoon + 180'000 + kTitleRest + 1).has_value());
  AudienceReport report(*database, kNoon + kHourMs);
  const auto mounts = *report.mounts();
  const AudienceRange range{kNoon - kHourMs, kNoon + kHourMs};
  const auto told = [](const Result<std::vector<PlayRow>>& rows) {
    std::string all;
    for (const PlayRow& row : *rows)
      all += cat({row.title, " ", row.listeners.value_or(-1), " ", row.gain.value_or(-99), ", "});
    return all;
  };
  STRCMP_EQUAL("Comes 1 2, Stays 1 0, Goes 3 -2, ",
               told(report.titles_by(mounts, range, AudienceReport::Order::kGain, 10)).c_str());
  STRCMP_EQUAL("Goes 3 -2, ",
               told(report.titles_by(mounts, range, AudienceReport::Order::kLoss, 1)).c_str());
  STRCMP_EQUAL("Comes 1 2, Goes 3 -2, Stays 1 0, On air -1 -99, ",
               told(report.titles(mounts, range, {}, 10)).c_str());
}
TEST(AudienceMerge, APersonsSessionsAreDeletedAndTheSumsStay) {
  take({begun(1, kNoon, 7), ended(2, 1, kNoon + 60'000), begun(3, kNoon, 8),
        ended(4, 3, kNoon + 60'000), begun(5, kNoon + 300'000, 7)});
  const AudiencePerson person{7, 99, kNoon};
  LONGS_EQUAL(2, *count_sessions_of(*database, person));
  LONGS_EQUAL(2, *delete_sessions_of(*database, person, kNoon + 350'000));
  LONGS_EQUAL(0, *count_sessions_of(*database, person));
  LONGS_EQUAL(1, sessions().size());
  LONGS_EQUAL(170'000, summary().sum.ms);  // what goes on is counted up to then
  LONGS_EQUAL(3, summary().sum.sessions);
  take({ended(6, 5, kNoon + 400'000)});
  LONGS_EQUAL(170'000, summary().sum.ms);
}
TEST(AudienceMerge, RowsOfADeletedPersonThatComeLaterArePassedOver) {
  take({begun(1, kNoon, 7), ended(2, 1, kNoon + 60'000)});
  LONGS_EQUAL(1, *delete_sessions_of(*database, {7, 0, kNoon}, kNoon + 200'000));
  take({begun(1, kNoon + 100'000, 7), ended(2, 1, kNoon + 190'000)}, "n2");
  take({begun(3, kNoon + 150'000, 55, 7), ended(4, 3, kNoon + 190'000)}, "n2");
  LONGS_EQUAL(0, sessions().size());
  LONGS_EQUAL(60'000, summary().sum.ms);
  // What begins afterwards is a listening of somebody new.
  take({begun(5, kNoon + 200'001, 7), ended(6, 5, kNoon + 260'001)}, "n2");
  LONGS_EQUAL(1, sessions().size());
  LONGS_EQUAL(120'000, summary().sum.ms);
  // The note of it goes, too.
  CHECK(prune_audience(*database, {}, kNoon + 200'000 + kForgottenMs).has_value());
  take({begun(7, kNoon + 100'000, 7), ended(8, 7, kNoon + 130'000)}, "n2");
  LONGS_EQUAL(1, *count_sessions_of(*database, {7, 0, kNoon}));
  CHECK(prune_audience(*database, {}, kNoon + 200'001 + kForgottenMs).has_value());
  take({begun(9, kNoon + 100'000, 7), ended(10, 9, kNoon + 130'000)}, "n2");
  LONGS_EQUAL(2, *count_sessions_of(*database, {7, 0, kNoon}));
}
TEST(AudienceMerge, ASessionNamesItsPersonOfThoseDays) {
  take({begun(1, kNoon, 7), ended(2, 1, kNoon + 60'000), begun(3, kNoon + 400'000, 7),
        ended(4, 3, kNoon + 460'000), begun(5, kNoon + 5 * kDayMs, 7),
        ended(6, 5, kNoon + 5 * kDayMs + 60'000)});
  CHECK(prune_audience(*database, {}, kNoon + 10 * kDayMs).has_value());  // none is recent
  const auto person = *person_of_session(*database, 1);
  CHECK(person.has_value());
  LONGS_EQUAL(7, person->today);
  LONGS_EQUAL(2, *delete_sessions_of(*database, *person, kNoon + 10 * kDayMs));
  CHECK(!person_of_session(*database, 1)->has_value());
  CHECK(person_of_session(*database, 3)->has_value());
}
TEST(AudienceMerge, WhatIsTooOldGoes) {
  take({begun(1, kNoon, 7), ended(2, 1, kNoon + 60'000), begun(3, kNoon + 10 * kDayMs, 8),
        ended(4, 3, kNoon + 10 * kDayMs + 60'000)});
  AudienceKeeping keeping;
  keeping.sessions = std::chrono::hours(24);
  CHECK(!*prune_audience(*database, keeping, kNoon + 10 * kDayMs + kHourMs));
  Statement left = database->prepare("SELECT COUNT(*) FROM session");
  CHECK(left.step());
  LONGS_EQUAL(1, left.number(0));
  LONGS_EQUAL(60'000, summary().sum.ms);
}

// Listenings at random on three nodes; batches are cut at random and come again, some after the
// database has lost its answer.  The sum of all that was heard is exact.
TEST(AudienceMerge, TheSumIsExactHoweverBatchesCome) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    teardown();
    setup();
    Rng rng(seed);
    struct Node {
      std::vector<JournalRow> rows;
      std::size_t seen = 0;
    };
    std::map<std::string, Node> nodes;
    std::int64_t heard = 0, bytes = 0, count = 0;
    std::uint64_t who = 1;
    for (const std::string name : {"n1", "n2", "n3"}) {
      Node& node = nodes[name];
      std::vector<std::pair<std::int64_t, JournalRow>> events;
      std::map<std::uint64_t, std::uint64_t> open;
      for (int i = 0; i < 300; ++i) {
        const std::int64_t at = kNoon + static_cast<std::int64_t>(rng.below(8 * kHourMs));
        const std::int64_t length = 5000 + static_cast<std::int64_t>(rng.below(3 * kHourMs));
        const std::uint64_t got = 65'536 + rng.below(100'000'000);
        events.emplace_back(at, begun(0, at, ++who));
        events.emplace_back(at + length, ended(0, who, at + length, got));
        heard += length;
        bytes += static_cast<std::int64_t>(got);
        ++count;
      }
      std::stable_sort(events.begin(), events.end(),
                       [](const auto& a, const auto& b) { return a.first < b.first; });
      std::uint64_t number = 0;
      for (auto& [at, row] : events) {
        row.number = ++number;
        if (const auto* begin = std::get_if<ListeningBegun>(&row.what)) open[begin->who] = number;
        if (auto* end = std::get_if<ListeningEnded>(&row.what)) end->begun = open[end->begun];
        node.rows.push_back(row);
      }
    }
    bool all = false;
    while (!all) {
      all = true;
      for (auto& [name, node] : nodes) {
        if (node.seen == node.rows.size()) continue;
        all = false;
        const std::size_t from = node.seen - std::min<std::size_t>(node.seen, rng.below(40));
        const std::size_t to = std::min(node.rows.size(), from + 1 + rng.below(120));
        const auto merged = take({node.rows.begin() + static_cast<long>(from),
                                  node.rows.begin() + static_cast<long>(to)},
                                 name);
        LONGS_EQUAL(0, merged.missing);
        if (rng.below(3) != 0) node.seen = static_cast<std::size_t>(merged.seen);
      }
    }
    const auto sum = summary();
    LONGS_EQUAL(heard, sum.sum.ms);
    LONGS_EQUAL(bytes, sum.sum.bytes);
    LONGS_EQUAL(count, sum.sum.sessions);
    LONGS_EQUAL(count, static_cast<std::int64_t>(sessions().size()));
  }
}
TEST(AudienceMerge, RowsThatAreLeftOutAreNotAskedForAgain) {
  auto merged = merge->take("n1", {"epoch", {begun(1, kNoon, 7)}, 9});
  LONGS_EQUAL(9, merged->seen);
  merged =
      merge->take("n1", {"epoch", {ended(8, 1, kNoon + 60'000), ended(10, 1, kNoon + 60'000)}, 10});
  LONGS_EQUAL(1, merged->added);
}
TEST(AudienceMerge, ATitleThatSeveralServersTellIsOne) {
  const auto title = [](std::uint64_t number, std::int64_t after, const char* text) {
    return JournalRow{number, TitleBegun{kNoon + after, "/live", text}};
  };
  const auto tell = [&](const char* node, std::vector<JournalRow> rows) {
    CHECK(merge->take(node, {"epoch", std::move(rows)}, AudienceMerge::Origin::kElsewhere)
              .has_value());
  };
  tell("n1", {title(1, 0, "One"), title(2, 200'000, "Two"), title(3, 400'000, "One")});
  tell("n2", {title(1, 3000, "One"), title(2, 203'000, "Two"), title(3, 402'000, "One")});
  tell("n3", {title(1, 205'000, "One"), title(2, 206'000, "Two")});  // it lags
  AudienceReport report(*database, kNoon + kHourMs);
  const auto plays = *report.titles(*report.mounts(), {0, kNoon + kDayMs}, {}, 100);
  LONGS_EQUAL(3, plays.size());
  LONGS_EQUAL(kNoon + 200'000, *plays[0].ended);
  LONGS_EQUAL(kNoon + 400'000, *plays[1].ended);
}
TEST(AudienceMerge, ATitleEndsWithItsSourceAndGoesOnWhenThatIsBackSoon) {
  const auto title = [](std::uint64_t number, std::int64_t after, const char* text) {
    return JournalRow{number, TitleBegun{kNoon + after, "/live", text}};
  };
  take({title(1, 0, "One"), title(2, 60'000, ""), title(3, 65'000, "One"), title(4, 90'000, "Two"),
        title(5, 100'000, ""), title(6, 170'000, "Two"), title(7, 180'000, "")});
  AudienceReport report(*database, kNoon + kHourMs);
  const auto plays = *report.titles(*report.mounts(), {0, kNoon + kDayMs}, {}, 100);
  LONGS_EQUAL(3, plays.size());
  LONGS_EQUAL(kNoon + 90'000, *plays[0].ended);
  LONGS_EQUAL(kNoon + 100'000, *plays[1].ended);
  LONGS_EQUAL(kNoon + 180'000, *plays[2].ended);
}
TEST(AudienceMerge, OfSeveralServersTheOneThatHasTheTitleEndsIt) {
  const auto title = [](std::uint64_t number, std::int64_t after, const char* text) {
    return JournalRow{number, TitleBegun{kNoon + after, "/live", text}};
  };
  const auto tell = [&](const char* node, std::vector<JournalRow> rows) {
    CHECK(merge->take(node, {"epoch", std::move(rows)}, AudienceMerge::Origin::kElsewhere)
              .has_value());
  };
  // n1's encoder goes to n2 with the same title, and is there before n1's row is here.
  tell("n1", {title(1, 0, "One")});
  tell("n2", {title(1, 100'000, "One")});
  tell("n1", {title(2, 99'000, "")});
  tell("n2", {title(2, 200'000, "Two")});
  // A late word of n1 ends nothing of n2's.
  tell("n1", {title(3, 200'500, "")});
  tell("n2", {title(3, 300'000, ""), title(4, 305'000, "Two"), title(5, 310'000, "Three")});
  // A relay that lags does not begin an ended title again.
  tell("n2", {title(6, 311'000, "")});
  tell("n3", {title(1, 312'000, "Three")});
  AudienceReport report(*database, kNoon + kHourMs);
  const auto plays = *report.titles(*report.mounts(), {0, kNoon + kDayMs}, {}, 100);
  LONGS_EQUAL(3, plays.size());
  LONGS_EQUAL(kNoon + 200'000, *plays[0].ended);
  LONGS_EQUAL(kNoon + 310'000, *plays[1].ended);
  LONGS_EQUAL(kNoon + 311'000, *plays[2].ended);
}
TEST(AudienceMerge, AnotherServersListeningHasNoMoreBytesThanItsTimeAllows) {
  const auto tell = [&](std::vector<JournalRow> rows) {
    CHECK(merge->take("n1", {"epoch", std::move(rows)}, AudienceMerge::Origin::kElsewhere)
              .has_value());
  };
  tell({begun(1, kNoon, 7), ended(2, 1, kNoon + 8000, std::uint64_t{1} << 46)});
  LONGS_EQUAL((16 << 20) + 100'000'000, summary().sum.bytes);
}
TEST(AudienceMerge, AListeningOfThePastIsInNoTitleOfThePresent) {
  const auto title = [](std::uint64_t number, std::int64_t after, const char* text) {
    return JournalRow{number, TitleBegun{kNoon + after, "/live", text}};
  };
  auto past = begun(2, kNoon - 1000, 7);
  std::get<ListeningBegun>(past.what).way = ListeningWay::kPast;
  take({title(1, 0, "New"), past, begun(3, kNoon, 8), title(4, 60'000, "")});
  while (*count_performances(*database, kNoon + kHourMs)) continue;
  const auto performances = [this] {
    AudienceReport report(*database, kNoon + 2 * kHourMs);
    return (*report.titles(*report.mounts(), {0, kNoon + kDayMs}, {}, 9))[0].performances.value_or(
        -1);
  };
  LONGS_EQUAL(1, performances());
  take({ended(5, 2, kNoon + 30'000), ended(6, 3, kNoon + 90'000)});
  LONGS_EQUAL(1, performances());
}
TEST(AudienceMerge, AServerThatNamesMoreAndMoreMountsIsNotFollowed) {
  CHECK(database
            ->run("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<20000) "
                  "INSERT INTO mount(name) SELECT '/m'||i FROM n")
            .has_value());
  const auto merged =
      merge->take("n1", {"epoch", {begun(1, kNoon, 7), ended(2, 1, kNoon + 60'000)}},
                  AudienceMerge::Origin::kElsewhere);
  LONGS_EQUAL(2, merged->seen);
  LONGS_EQUAL(1, merged->unnamed);
  LONGS_EQUAL(0, sessions().size());
  // Those of the configuration it may name.
  merge->set_configured([](const std::string& mount) { return mount == "/live"; });
  CHECK(merge
            ->take("n1", {"epoch", {begun(3, kNoon, 7), ended(4, 3, kNoon + 60'000)}},
                   AudienceMerge::Origin::kElsewhere)
            .has_value());
  LONGS_EQUAL(1, sessions().size());
  take({begun(1, kNoon, 7), ended(2, 1, kNoon + 60'000)}, "here");
  LONGS_EQUAL(2, sessions().size());
}
TEST(AudienceMerge, WhatAMonthOfHearingWritesIsCounted) {
  const auto few = take({begun(1, kNoon, 1), ended(2, 1, kNoon + 60'000)}, "n1");
  const auto many = take({begun(3, kNoon, 2), ended(4, 3, kNoon + 31 * kDayMs)}, "n1");
  CHECK(few.changes > 5 && few.changes < 50);
  // Each quarter, hour and day of one and all, and the days of the quarters of one.
  CHECK(many.changes > 10'000 && many.changes < 12'000);
}
TEST(AudienceMerge, AFullDiskTakesNothingOfABatchAndLaterAllOfIt) {
  std::vector<JournalRow> rows;
  for (std::uint64_t i = 0; i < 2000; ++i) {
    rows.push_back(begun(2 * i + 1, kNoon, i + 1));
    rows.push_back(ended(2 * i + 2, 2 * i + 1, kNoon + 60'000));
  }
  CHECK(database->run("PRAGMA max_page_count=40").has_value());
  const auto refused = merge->take("n1", {"epoch", rows, 4000}, AudienceMerge::Origin::kElsewhere);
  CHECK(!refused);
  STRCMP_CONTAINS("the disk is full", refused.error().what.c_str());
  LONGS_EQUAL(0, sessions().size());
  CHECK(database->run("PRAGMA max_page_count=100000").has_value());
  const auto merged = merge->take("n1", {"epoch", rows, 4000}, AudienceMerge::Origin::kElsewhere);
  LONGS_EQUAL(4000, merged->added);
  LONGS_EQUAL(2000, summary().sum.sessions);
}
TEST(AudienceMerge, PerformancesByCountryAddUpToThose) {
  std::vector<JournalRow> rows = {{1, TitleBegun{kNoon, "/live", "A - B"}}};
  std::uint64_t number = 1;
  for (const char* const country : {"US", "US", "DE", ""}) {
    ++number;
    auto row = begun(number, kNoon + 1000, number);
    std::get<ListeningBegun>(row.what).country = country;
    rows.push_back(row);
  }
  for (std::uint64_t of = 2; of <= 5; ++of) rows.push_back(ended(++number, of, kNoon + 60'000));
  rows.push_back({++number, TitleBegun{kNoon + 100'000, "/live", "C - D"}});
  take(rows);
  CHECK(count_performances(*database, kNoon + kHourMs).has_value());
  AudienceReport report(*database, kNoon + kHourMs);
  const auto mounts = *report.mounts();
  const auto songs = *report.songs(mounts, {kNoon - kHourMs, kNoon + kHourMs});
  LONGS_EQUAL(3, songs.size());
  const auto is = [](const SongRow& row, const char* country, std::int64_t count) {
    STRCMP_EQUAL("A - B", row.title.c_str());
    STRCMP_EQUAL(country, row.country.c_str());
    LONGS_EQUAL(count, row.performances);
  };
  is(songs[0], "", 1);
  is(songs[1], "DE", 1);
  is(songs[2], "US", 2);
  const auto german = *report.songs(mounts, {0, kNoon + kHourMs}, "DE");
  LONGS_EQUAL(1, german.size());
  is(german[0], "DE", 1);
  LONGS_EQUAL(4, *(*report.titles(mounts, {0, kNoon + kHourMs}, {}, 1)).at(0).performances);
  LONGS_EQUAL(0, report.songs({}, {0, kNoon + kHourMs})->size());
  // Of a database of before: the countries are not known.
  CHECK(database->run("DELETE FROM play_country").has_value());
  const auto before = *report.songs(mounts, {0, kNoon + kHourMs});
  LONGS_EQUAL(1, before.size());
  is(before[0], "", 4);
}
TEST(AudienceMerge, PeriodsOfMountsAddUpToTheSum) {
  auto other = begun(3, kNoon + 1000, 8);
  std::get<ListeningBegun>(other.what).mount = "/other";
  take({begun(1, kNoon, 7), ended(2, 1, kNoon + 2 * kHourMs), other,
        ended(4, 3, kNoon + 1000 + kHourMs), begun(5, kNoon + 3 * kHourMs, 9)});
  AudienceReport report(*database, kNoon + 4 * kHourMs);
  const auto mounts = *report.mounts();
  const AudienceRange range{kNoon - kDayMs, kNoon + kDayMs};
  const auto sums =
      periods(report, mounts, range, [](std::int64_t quarter) { return quarter / 4; });
  AudienceSum sum;
  for (const auto& [key, part] : sums) sum += part;
  const auto all = *report.summary(mounts, range);
  LONGS_EQUAL(all.sum.ms, sum.ms);
  LONGS_EQUAL(all.sum.bytes, sum.bytes);
  LONGS_EQUAL(all.sum.sessions, sum.sessions);
  LONGS_EQUAL(4 * kHourMs, sum.ms);
  const std::int64_t hour = kNoon / kHourMs;
  LONGS_EQUAL(kHourMs, sums.at({1, hour + 1}).ms);
  LONGS_EQUAL(kHourMs - 1000, sums.at({2, hour}).ms);
  LONGS_EQUAL(kHourMs, sums.at({1, hour + 3}).ms);  // that listens now
}

// Days and months of any zone, read from the sums of days where they can be, are those of quarters.
TEST(AudienceMerge, PeriodsByDaysAreThoseOfTheirQuarters) {
  Rng rng(5);
  std::vector<JournalRow> rows;
  std::uint64_t number = 0;
  std::int64_t at = kNoon - 12 * kDayMs;
  for (int i = 0; i < 600; ++i, at += 1'700'000) {
    JournalRow row = begun(++number, at, rng.next() | 1);
    std::get<ListeningBegun>(row.what).mount = cat({"/m", rng.below(3)});
    rows.push_back(std::move(row));
    rows.push_back(
        ended(number + 1, number, at + 6'000 + static_cast<std::int64_t>(rng.below(120'000))));
    ++number;
    if (i % 3 == 0) take(std::exchange(rows, {}));
  }
  rows.push_back(begun(++number, at - kHourMs, 9));  // that listens now
  take(rows);
  AudienceReport report(*database, at);
  const auto mounts = *report.mounts();
  const AudienceRange range{kNoon - 13 * kDayMs + 7 * kQuarterMs, kNoon + kDayMs + 5 * kQuarterMs};
  const auto compare = [&](std::int64_t ahead, std::int64_t length, AudienceRange of) {
    const auto period_of = [=](std::int64_t quarter) { return (quarter + ahead) / length; };
    const auto by_days = periods(report, mounts, of, period_of);
    std::map<std::pair<std::int64_t, std::int64_t>, AudienceSum> sums;
    for (const auto& mount : mounts) {
      const auto read = *report.hours({mount}, of, by_quarter);
      for (const auto& [quarter, quarters, sum] : read)
        if (!sum.is_none()) sums[{mount.first, period_of(quarter)}] += sum;
    }
    CHECK_EQUAL(sums.size(), by_days.size());
    for (const auto& [key, sum] : sums) {
      LONGS_EQUAL(sum.ms, by_days.at(key).ms);
      LONGS_EQUAL(sum.bytes, by_days.at(key).bytes);
      LONGS_EQUAL(sum.sessions, by_days.at(key).sessions);
      LONGS_EQUAL(sum.shorts, by_days.at(key).shorts);
    }
  };
  for (const std::int64_t ahead : {0, 4, 23, 48, 56, 95})
    for (const std::int64_t length : {1, 4, 92, 96, 100, 700, 100'000})
      compare(ahead, length, range);
  compare(4, 96, {kNoon, kNoon + kQuarterMs});
  compare(4, 96, {kNoon - 5 * kDayMs - 12 * kHourMs, kNoon - 12 * kHourMs});
  // Of all, of some and of one mount: the sum and the busiest quarter are those of the quarters,
  // whether days are packed, changed since, or not packed.
  const auto compare_summaries = [&] {
    for (AudienceReport::Mounts some = mounts; !some.empty(); some.erase(some.begin()))
      for (const AudienceRange of :
           {range, AudienceRange{kNoon - 5 * kDayMs, kNoon - 4 * kDayMs}}) {
        const auto summary = *report.summary(some, of);
        AudienceSum sum;
        std::int64_t busiest = 0, busiest_at = 0;
        const auto read = *report.hours(some, of, by_quarter);
        for (const auto& [quarter, length, part] : read) {
          sum += part;
          if (part.ms > busiest) busiest_at = quarter * kQuarterMs;
          busiest = std::max(busiest, part.ms);
        }
        LONGS_EQUAL(sum.ms, summary.sum.ms);
        LONGS_EQUAL(sum.bytes, summary.sum.bytes);
        LONGS_EQUAL(sum.long_sessions(), summary.sum.long_sessions());
        LONGS_EQUAL(busiest, summary.busiest_ms);
        LONGS_EQUAL(busiest_at, summary.busiest_at);
      }
  };
  const auto count = [&](std::string_view table) {
    return database->prepare(cat({"SELECT COUNT(*) FROM ", table})).first_number();
  };
  compare_summaries();
  CHECK_FALSE(*sum_days(*database, kNoon - 5 * kDayMs));
  CHECK(count("slot_packed") > 0 && count("slot_unpacked") > 0);
  compare_summaries();
  pack_days();
  CHECK_EQUAL(count("slot_day"), count("slot_packed"));
  CHECK_EQUAL(0, count("slot_unpacked"));
  compare_summaries();
  for (int i = 0; i < 2; ++i, number += 2) {  // the second time into a quarter that is there
    const std::int64_t late = kNoon - 6 * kDayMs + i * 1000;
    take({begun(number + 1, late, 40 + number), ended(number + 2, number + 1, late + 800'000)});
    CHECK_EQUAL(1, count("slot_unpacked"));
    compare_summaries();
    pack_days();
    compare_summaries();
  }
  const AudienceReport::Mounts one{*mounts.begin()};
  const auto before_one = *report.summary(one, range);
  CHECK(database->run("UPDATE slot_packed SET quarters=zeroblob(96)").has_value());
  CHECK(report.summary(one, range)->busiest_ms < before_one.busiest_ms);  // they are read
  CHECK(database->run("UPDATE slot_day SET ms=ms+1").has_value());
  const auto wrong = periods(report, mounts, range, [](std::int64_t) { return std::int64_t{0}; });
  CHECK(wrong.at({1, 0}).ms > before_one.sum.ms);  // they are read
}

// Of many mounts, of a few and of one: the same sums and the same order, whichever way they are
// read.
TEST(AudienceMerge, OfAllMountsIsTheSumOfEach) {
  Rng rng(3);
  std::vector<JournalRow> rows;
  std::uint64_t number = 0;
  for (int i = 0; i < 400; ++i) {
    JournalRow row = begun(++number, kNoon - 20 * kHourMs + i * 97'000, rng.next() | 1);
    std::get<ListeningBegun>(row.what).mount = cat({"/m", rng.below(20)});
    const std::int64_t at = std::get<ListeningBegun>(row.what).at_ms;
    rows.push_back(std::move(row));
    rows.push_back(
        ended(number + 1, number, at + 6'000 + static_cast<std::int64_t>(rng.below(4'000'000))));
    number += 2;
    rows.push_back({number, TitleBegun{at, cat({"/m", rng.below(20)}), cat({"A - ", i})}});
  }
  take(rows);
  AudienceReport report(*database, kNoon + 2 * kDayMs);
  const AudienceRange range{kNoon - 2 * kDayMs, kNoon + kDayMs};
  const auto mounts = *report.mounts();
  CHECK_EQUAL(20u, mounts.size());
  AudienceSum each;
  std::map<std::string, AudienceSum> countries;
  std::vector<std::int64_t> began, played;
  for (const auto& mount : mounts) {
    const AudienceReport::Mounts one{mount};
    each += report.summary(one, range)->sum;
    const auto by_country = *report.split(one, range, AudienceReport::By::kCountry);
    for (const auto& [name, sum] : by_country) countries[name] += sum;
    const auto rows_of = *report.sessions(one, range, {}, 1000, true);
    for (const SessionRow& row : rows_of) began.push_back(row.began);
    const auto plays = *report.titles(one, range, {}, 1000);
    for (const PlayRow& row : plays) played.push_back(row.began);
  }
  const auto same = [](const AudienceSum& a, const AudienceSum& b) {
    return a.ms == b.ms && a.bytes == b.bytes && a.sessions == b.sessions;
  };
  CHECK(each.shorts > 0);
  CHECK_EQUAL(each.shorts, report.summary(mounts, range)->sum.shorts);
  CHECK(same(each, report.summary(mounts, range)->sum));
  CHECK_EQUAL(400, each.sessions);
  const auto by_country = *report.split(mounts, range, AudienceReport::By::kCountry);
  CHECK(same(countries["DE"], by_country.at("DE")));
  // Of most of them it is what the others leave; of days and of the hours beside them.
  AudienceReport::Mounts most = mounts;
  const AudienceReport::Mounts first{*mounts.begin()};
  most.erase(most.begin());
  for (const AudienceRange part :
       {range, AudienceRange{kNoon - 30 * kHourMs, kNoon - kHourMs}, AudienceRange{0, kNoon}}) {
    AudienceSum left = report.summary(mounts, part)->sum;
    left.add(report.summary(first, part)->sum, -1);
    CHECK(same(left, report.summary(most, part)->sum));
    CHECK(same(left, report.split(most, part, AudienceReport::By::kPlayer)->at("VLC")));
  }
  std::sort(began.begin(), began.end());
  std::sort(played.begin(), played.end());
  // Page by page, of all 20 and of a few of them.
  for (const std::size_t many : {mounts.size(), std::size_t{5}}) {
    const AudienceReport::Mounts some(mounts.begin(),
                                      std::next(mounts.begin(), static_cast<std::ptrdiff_t>(many)));
    std::vector<std::int64_t> read;
    for (AudienceReport::Place after;;) {
      const auto page = *report.sessions(some, range, after, 7, true);
      for (const SessionRow& row : page) read.push_back(row.began);
      if (page.size() < 7) break;
      after = {page.back().began, page.back().id};
    }
    CHECK(std::is_sorted(read.begin(), read.end()));
    if (many == mounts.size()) CHECK(read == began);
    std::size_t plays = 0;
    for (AudienceReport::Place after;;) {
      const auto page = *report.titles(some, range, after, 7);
      plays += page.size();
      if (page.size() < 7) break;
      after = {page.back().began, page.back().id};
    }
    if (many == mounts.size()) CHECK_EQUAL(played.size(), plays);
  }
}

// So many rows of another mount come first that each of the twenty is asked by itself.
TEST(AudienceMerge, TitlesOfMountsAmongManyOfAnother) {
  const auto put = database->run(
      "INSERT INTO mount SELECT value, '/m' || value FROM (WITH RECURSIVE n(value) AS (SELECT 1 "
      "UNION ALL SELECT value+1 FROM n WHERE value<22) SELECT value FROM n);"
      "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i+1 FROM n WHERE i<24999) "
      "INSERT INTO play(mount, began, title) SELECT 21, 1000+i, 'Other' FROM n;"
      "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i+1 FROM n WHERE i<99) "
      "INSERT INTO play(mount, began, title) SELECT 1+i*7%20, 50000+i/2, 'A' FROM n;");
  CHECK(put.has_value());
  AudienceReport report(*database, kNoon);
  AudienceReport::Mounts some = *report.mounts();
  CHECK(some.size() > AudienceReport::kFewMounts + 2);
  some.erase(21);
  std::vector<std::pair<std::int64_t, std::int64_t>> read;
  for (AudienceReport::Place after;;) {
    const auto page = *report.titles(some, {0, kNoon}, after, 7);
    for (const PlayRow& row : page) read.emplace_back(row.began, row.id);
    if (page.size() < 7) break;
    after = {page.back().began, page.back().id};
    // The page after it needs no row there.
    CHECK(database->run(cat({"DELETE FROM play WHERE id=", after.id})).has_value());
  }
  CHECK_EQUAL(100u, read.size());
  CHECK(std::is_sorted(read.begin(), read.end()));
  some = {{22, "/m22"}};
  for (std::int64_t mount = 100; mount < 600; ++mount) some.emplace(mount, "/none");
  CHECK(report.titles(some, {0, kNoon}, {}, 7)->empty());
}
