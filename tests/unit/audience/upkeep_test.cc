// Upkeep of the database costs no more than it must.
#include "audience/upkeep.h"

#include <string>

#include "audience/merge.h"
#include "base/cat.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

constexpr std::int64_t kBegan = 1'700'000'000'000, kLasts = 240'000, kSessions = 20'000,
                       kTitles = 20;

}  // namespace

TEST_GROUP(Upkeep) {
  std::unique_ptr<Sqlite> database = *open_audience_database(":memory:");
  void put(const std::string& sql) {
    if (const auto done = database->run(sql); !done) FAIL(done.error().what.c_str());
  }
  std::int64_t number(const std::string& sql) { return database->prepare(sql).first_number(); }
};

// The limit is between the steps of one read of the recent sessions for each title, and of three.
TEST(Upkeep, ATitleReadsTheRecentSessionsOfItsMountOnce) {
  const std::string count = std::to_string(kSessions), began = std::to_string(kBegan);
  put(
      cat({"INSERT INTO mount VALUES(1, '/live'); INSERT INTO player VALUES(1, 'VLC');"
           "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<",
           count, ") INSERT INTO session SELECT i, 1, i, ", began, "-1000, ", began,
           "+1000, 2000, 100000, IIF(i%2, 'DE', 'AT'), 1, 0, 0, 0, 1, 1 FROM n;"
           "INSERT INTO recent SELECT mount, who, id, began, ended, 0 FROM session;"
           "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i+1 FROM n WHERE i<",
           kTitles - 1, ") INSERT INTO play SELECT i+1, 1, ", began, "+i*", kLasts, ", 'A', ",
           began, "+(i+1)*", kLasts, ", NULL FROM n;"}));
  constexpr std::uint64_t kOneRead = kSessions * kTitles * 26;
  database->limit_steps(kOneRead * 3 / 2);
  const auto counted = count_performances(*database, kBegan + kTitles * kLasts + kTitleRest + 1);
  database->limit_steps(0);
  if (!counted) FAIL(counted.error().what.c_str());
  LONGS_EQUAL(kSessions, number("SELECT performances FROM play WHERE id=1"));
  LONGS_EQUAL(kSessions / 2, number("SELECT n FROM play_country WHERE play=1 AND country='AT'"));
  LONGS_EQUAL(kSessions, number("SELECT began-ended FROM play_listeners WHERE play=1"));
  LONGS_EQUAL(0, number("SELECT performances FROM play WHERE id=2"));
  LONGS_EQUAL(0, number("SELECT COUNT(*) FROM play_country WHERE play>1"));
}

// One that comes in the moment a title ends is a listener of its end, and heard no part of it.
TEST(Upkeep, OneThatComesAsATitleEndsHeardNothingOfIt) {
  put(
      cat({"INSERT INTO mount VALUES(1, '/live'); INSERT INTO player VALUES(1, 'VLC');"
           "INSERT INTO session VALUES(1, 1, 7, ",
           kBegan + kLasts, ", ", kBegan + 2 * kLasts,
           ", 1000, 100000, 'DE', 1, 0, 0, 0, 1, 1);"
           "INSERT INTO recent SELECT mount, who, id, began, ended, 0 FROM session;"
           "INSERT INTO play VALUES(1, 1, ",
           kBegan, ", 'A', ", kBegan + kLasts, ", NULL);"}));
  CHECK(count_performances(*database, kBegan + kLasts + kTitleRest + 1).has_value());
  LONGS_EQUAL(0, number("SELECT performances FROM play"));
  LONGS_EQUAL(0, number("SELECT COUNT(*) FROM play_country"));
  LONGS_EQUAL(1, number("SELECT ended-began FROM play_listeners"));
}

// Neither people of today nor those that must not come back are forgotten by a wrong clock.
TEST(Upkeep, NothingIsTooOldByAClockThatIsNotTrusted) {
  const std::string began = std::to_string(kBegan);
  put(
      cat({"INSERT INTO mount VALUES(1, '/live'); INSERT INTO player VALUES(1, 'VLC');"
           "INSERT INTO session VALUES(1, 1, 7, ",
           began, ", ", began,
           "+1000, 1000, 100000, 'DE', 1, 0, 0, 0, 1, 1);"
           "INSERT INTO recent SELECT mount, who, id, began, ended, 0 FROM session;"
           "INSERT INTO seen SELECT 19675, 1, who FROM session;"
           "INSERT INTO forgotten VALUES(8, ",
           began, ");"}));
  const std::string count =
      "SELECT (SELECT COUNT(*) FROM session)+(SELECT COUNT(*) FROM recent)+"
      "(SELECT COUNT(*) FROM seen)+(SELECT COUNT(*) FROM forgotten)";
  AudienceKeeping keeping;
  keeping.trusts_clock = false;
  const auto prune = [&] {
    if (const auto pruned = prune_audience(*database, keeping, kBegan + 1000 * kDayMs); !pruned)
      FAIL(pruned.error().what.c_str());
    return number(count);
  };
  LONGS_EQUAL(4, prune());
  keeping.trusts_clock = true;
  LONGS_EQUAL(0, prune());
}

// A node begins a journal with each start; one whose rows are too old to be taken is kept for
// nothing.
TEST(Upkeep, JournalsOfServersThatHaveStartedAgainAreNotKeptForEver) {
  AudienceMerge merge(*database, std::chrono::seconds(60));
  const auto begins = [&merge](const std::string& node, const std::string& epoch,
                               std::int64_t at_ms) {
    ListeningBegun row;
    row.at_ms = at_ms;
    row.who = 7;
    row.mount = "/live";
    row.country = "DE";
    row.player = "VLC";
    CHECK(merge.take(node, {epoch, {{1, row}}}, AudienceMerge::Origin::kHere, at_ms).has_value());
  };
  begins("n1", "first", kBegan);
  begins("n1", "open", kBegan);
  begins("n1", "second", kBegan + kDayMs);
  begins("n2", "only", kBegan);
  put("DELETE FROM open WHERE journal<>2");
  const auto kept = [this](std::int64_t at_ms) {
    while (*prune_audience(*database, {}, at_ms)) {
    }
    LONGS_EQUAL(number("SELECT COUNT(*) FROM journal"),
                number("SELECT COUNT(*) FROM journal_seen"));
    return number("SELECT COUNT(*) FROM journal");
  };
  LONGS_EQUAL(4, kept(kBegan + kForgottenMs));
  LONGS_EQUAL(3, kept(kBegan + kForgottenMs + 1));
  LONGS_EQUAL(0, number("SELECT COUNT(*) FROM journal WHERE epoch='first'"));
  LONGS_EQUAL(3, kept(kBegan + 2 * kForgottenMs));
}
TEST(Upkeep, AServerHasAThousandJournals) {
  AudienceMerge merge(*database, std::chrono::seconds(60));
  for (int i = 0; i < 1100; ++i)
    CHECK(merge.take("n1", {std::to_string(i), {}}, AudienceMerge::Origin::kHere, kBegan)
              .has_value());
  LONGS_EQUAL(1000, number("SELECT COUNT(*) FROM journal"));
  LONGS_EQUAL(1, number("SELECT COUNT(*) FROM journal WHERE epoch='1099'"));
}
