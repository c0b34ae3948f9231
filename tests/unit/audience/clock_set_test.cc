// The clock of this server is set by hours, or that of another one is wrong: what is open counts
// as long as it is heard.
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

constexpr std::int64_t kEight = 20'000 * kDayMs + 8 * kHourMs, kMinute = 60'000;

JournalRow comes(std::uint64_t number, std::int64_t at_ms, std::uint64_t who) {
  ListeningBegun row;
  row.at_ms = at_ms;
  row.who = who;
  row.mount = "/live";
  return {number, row};
}
JournalRow goes(std::uint64_t number, std::uint64_t of, std::int64_t at_ms) {
  return {number, ListeningEnded{of, at_ms, 1'000'000, false}};
}

}  // namespace

TEST_GROUP(ClockSet) {
  std::unique_ptr<Sqlite> database;
  std::unique_ptr<AudienceMerge> merge;
  void setup() override {
    merge.reset();
    database = *open_audience_database(":memory:");
    merge = std::make_unique<AudienceMerge>(*database, std::chrono::seconds(60));
  }
  void take(const std::string& node, std::vector<JournalRow> rows, std::int64_t now_ms,
            std::int64_t ahead_ms = 0) {
    const auto origin =
        node == "here" ? AudienceMerge::Origin::kHere : AudienceMerge::Origin::kElsewhere;
    CHECK(merge->take(node, {"epoch", std::move(rows)}, origin, now_ms, ahead_ms).has_value());
  }
  void set(std::int64_t ms, const std::vector<ShiftedListening>& shifted) {
    CHECK(merge->clock_set("here", "epoch", shifted, ms).has_value());
  }
  std::vector<std::string> up{"here", "n1"};
  AudienceSummary summary(std::int64_t now_ms) {
    CHECK(merge->nodes_seen(up, now_ms).has_value());
    AudienceReport report(*database, now_ms);
    const auto mounts = *report.mounts();
    const AudienceRange range{kEight - 2 * kDayMs, kEight + 2 * kDayMs};
    auto sum = report.summary(mounts, range);
    if (!sum) FAIL(sum.error().what.c_str());
    const auto players = *report.split(mounts, range, AudienceReport::By::kPlayer);
    LONGS_EQUAL(sum->sum.ms, players.empty() ? 0 : players.at("").ms);
    return *sum;
  }
  std::int64_t shifts() {
    return database->prepare("SELECT COUNT(*) FROM open_shift").first_number();
  }
};

TEST(ClockSet, WhatIsOpenHereCountsAsLongAsItIsHeard) {
  for (const std::int64_t hours : {3, -3}) {
    setup();
    const std::int64_t ms = hours * kHourMs;
    take("here", {comes(1, kEight, 1), comes(2, kEight, 2)}, kEight);
    LONGS_EQUAL(20 * kMinute, summary(kEight + 10 * kMinute).sum.ms);
    // A third one's row waits in the journal until the clock is set.
    set(ms, {{1, ms}, {2, ms}, {3, ms}});
    take("here", {comes(3, kEight + 5 * kMinute, 3)}, kEight + 10 * kMinute + ms);
    LONGS_EQUAL(25 * kMinute, summary(kEight + 10 * kMinute + ms).sum.ms);
    LONGS_EQUAL(3, summary(kEight + 10 * kMinute + ms).now);
    // An end has the time heard, by the clock of its start.
    take("here", {goes(4, 2, kEight + 20 * kMinute)}, kEight + 20 * kMinute + ms);
    LONGS_EQUAL(55 * kMinute, summary(kEight + 20 * kMinute + ms).sum.ms);
    // It is set again, and then back to where it was.
    set(kHourMs, {{1, ms + kHourMs}, {3, ms + kHourMs}});
    LONGS_EQUAL(75 * kMinute, summary(kEight + 30 * kMinute + ms + kHourMs).sum.ms);
    set(-ms - kHourMs, {});
    LONGS_EQUAL(75 * kMinute, summary(kEight + 30 * kMinute).sum.ms);
    take("here", {goes(5, 1, kEight + 30 * kMinute), goes(6, 3, kEight + 30 * kMinute)},
         kEight + 30 * kMinute);
    LONGS_EQUAL(75 * kMinute, summary(kEight + kHourMs).sum.ms);
    LONGS_EQUAL(0, shifts());
  }
}
TEST(ClockSet, WhatIsDeletedEndsWithTheTimeHeard) {
  take("here", {comes(1, kEight, 1)}, kEight);
  set(3 * kHourMs, {{1, 3 * kHourMs}});
  LONGS_EQUAL(1, *delete_sessions_of(*database, {1, 0, kEight}, kEight + 3 * kHourMs + kMinute));
  LONGS_EQUAL(kMinute, summary(kEight + 5 * kHourMs).sum.ms);
  LONGS_EQUAL(0, shifts());
}
// Listeners of other servers: their journals know nothing of our clock.
TEST(ClockSet, WhatIsOpenElsewhereCountsAsLongAsItIsHeard) {
  for (const std::int64_t ms : {3 * kHourMs, -3 * kHourMs}) {
    setup();
    take("n1", {comes(1, kEight, 1)}, kEight);
    take("n2", {comes(1, kEight, 2)}, kEight);
    CHECK(merge->nodes_seen({"n1", "n2"}, kEight + 10 * kMinute).has_value());
    set(ms, {});
    const std::int64_t now = kEight + 10 * kMinute + ms;
    LONGS_EQUAL(2, summary(now).now);
    LONGS_EQUAL(20 * kMinute, summary(now).sum.ms);
    LONGS_EQUAL(1, summary(now + 10 * kMinute).now);
    LONGS_EQUAL(30 * kMinute, summary(now + 10 * kMinute).sum.ms);
    // The other one never comes back.
    const std::int64_t late = now + 10 * kMinute + kOldestRowMs;
    CHECK(!*merge->end_gone(late));
    take("n1", {goes(2, 1, kEight + 30 * kMinute)}, late);
    LONGS_EQUAL(40 * kMinute, summary(late).sum.ms);
    LONGS_EQUAL(0, shifts());
  }
}
// Its clock is three hours behind ours, or ahead, and is then put right.
TEST(ClockSet, AServerWithAWrongClockHasNoLongerListenings) {
  for (const std::int64_t ahead : {3 * kHourMs, -3 * kHourMs}) {
    setup();
    take("n1", {comes(1, kEight + ahead, 1)}, kEight, ahead);
    LONGS_EQUAL(10 * kMinute, summary(kEight + 10 * kMinute).sum.ms);
    LONGS_EQUAL(1, summary(kEight + 10 * kMinute).now);
    take("n1", {comes(2, kEight + 10 * kMinute, 2)}, kEight + 10 * kMinute);
    LONGS_EQUAL(30 * kMinute, summary(kEight + 20 * kMinute).sum.ms);
    take("n1", {goes(3, 1, kEight + ahead + 20 * kMinute)}, kEight + 20 * kMinute);
    LONGS_EQUAL(30 * kMinute, summary(kEight + 20 * kMinute).sum.ms);
    LONGS_EQUAL(0, shifts());
  }
  // Nothing is known of the clocks, but that no listening begins in the future.
  up.push_back("n2");
  take("n2", {comes(1, kEight + kDayMs, 3)}, kEight + 30 * kMinute);
  LONGS_EQUAL(50 * kMinute, summary(kEight + 35 * kMinute).sum.ms);
}
// Titles are counted up to the last sign of a server that is gone, by the new clock too.
TEST(ClockSet, TitlesOfAPausedSessionStayAsTheyAre) {
  take("n1", {comes(1, kEight, 1)}, kEight);
  CHECK(!*merge->pause_gone(kEight + kHourMs));
  set(3 * kHourMs, {});
  LONGS_EQUAL(kEight + 3 * kHourMs, database->prepare("SELECT at FROM open_until").first_number());
}
