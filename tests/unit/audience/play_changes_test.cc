// Titles that are counted already have the performances of what comes later, and no others.
#include "audience/play_changes.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "audience/merge.h"
#include "audience/report.h"
#include "audience/upkeep.h"
#include "base/cat.h"
#include "base/random.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

constexpr std::int64_t kWhole = 20'000 * kDayMs;

JournalRow comes(std::uint64_t number, std::int64_t at_ms, std::uint64_t who,
                 const char* country = "US") {
  ListeningBegun row;
  row.at_ms = kWhole + at_ms;
  row.who = who;
  row.mount = "/live";
  row.country = country;
  return {number, row};
}
JournalRow goes(std::uint64_t number, std::uint64_t of, std::int64_t at_ms,
                std::uint64_t bytes = 1'000'000) {
  return {number, ListeningEnded{of, kWhole + at_ms, bytes, false}};
}
JournalRow sounds(std::uint64_t number, std::int64_t at_ms, const std::string& title) {
  return {number, TitleBegun{kWhole + at_ms, "/live", title}};
}

}  // namespace

TEST_GROUP(PlayChanges) {
  std::unique_ptr<Sqlite> database;
  std::unique_ptr<AudienceMerge> merge;
  void setup() override {
    merge.reset();
    database = *open_audience_database(":memory:");
    merge = std::make_unique<AudienceMerge>(*database, std::chrono::seconds(60));
  }
  void take(const std::string& node, std::vector<JournalRow> rows) {
    CHECK(merge->take(node, {"epoch", std::move(rows)}, AudienceMerge::Origin::kElsewhere)
              .has_value());
  }
  void count(std::int64_t at_ms) {
    while (*count_performances(*database, kWhole + at_ms)) {
    }
  }
  std::string told() {
    AudienceReport report(*database, kWhole + kDayMs);
    const auto rows = report.songs(*report.mounts(), {0, kWhole + 30 * kDayMs});
    std::string all;
    for (const SongRow& row : *rows)
      all += cat({row.title, " ", row.country, " ", row.performances, ", "});
    return all;
  }
  std::int64_t number(std::string_view sql) { return database->prepare(sql).first_number(); }
};

TEST(PlayChanges, RowsOfAServerThatWasCutOffAreInTheTitlesOfThen) {
  take("n1", {sounds(1, 0, "A"), comes(2, 1000, 1), sounds(3, 200'000, "B"),
              sounds(4, 400'000, "C"), sounds(5, 600'000, "D")});
  count(2'000'000);
  STRCMP_EQUAL("A US 1, B US 1, C US 1, ", told().c_str());
  take("n2", {comes(1, 250'000, 2, "DE"), comes(2, 260'000, 3)});
  STRCMP_EQUAL("A US 1, B DE 1, B US 2, C DE 1, C US 2, ", told().c_str());
  take("n2", {goes(3, 1, 450'000), goes(4, 2, 300'000), comes(5, 310'000, 4), goes(6, 5, 312'000)});
  STRCMP_EQUAL("A US 1, B DE 1, B US 2, C DE 1, C US 1, ", told().c_str());
  // It came back within the window: what the pause covers is heard, as of one that is in time.
  take("n2", {comes(7, 350'000, 3), goes(8, 7, 420'000)});
  STRCMP_EQUAL("A US 1, B DE 1, B US 2, C DE 1, C US 2, ", told().c_str());
  LONGS_EQUAL(1, number("SELECT performances FROM play WHERE title='A'"));
  LONGS_EQUAL(3, number("SELECT performances FROM play WHERE title='B'"));
  LONGS_EQUAL(0, number("SELECT songs FROM unsummed"));
}
TEST(PlayChanges, AListenerOfAServerThatWasGoneHasHeardNoTitleAfterIt) {
  take("n1", {sounds(1, 0, "A"), sounds(2, 200'000, "B"), sounds(3, 400'000, "C")});
  take("n2", {comes(1, 1000, 1)});
  count(2'000'000);
  STRCMP_EQUAL("A US 1, B US 1, ", told().c_str());
  take("n2", {{2, ListeningEnded{1, kWhole + 90'000, 0, true}}});
  STRCMP_EQUAL("A US 1, ", told().c_str());
}
// Of a listener that went to another server and back, whose rows come last.
TEST(PlayChanges, ATitleWithinAPauseIsHeardByWhatComesLateIntoIt) {
  for (const bool are_counted : {false, true}) {
    setup();
    take("n0", {sounds(1, 0, "A"), sounds(2, 105'000, "Jingle"), sounds(3, 112'000, "Spot"),
                sounds(4, 125'000, "B"), sounds(5, 300'000, "C")});
    take("n1", {comes(1, 1000, 1), goes(2, 1, 100'000), comes(3, 130'000, 1), goes(4, 3, 200'000)});
    if (are_counted) {
      count(2'000'000);
      STRCMP_EQUAL("A US 1, B US 1, ", told().c_str());
    }
    take("n2", {comes(1, 113'000, 1), goes(2, 1, 120'000)});
    count(2'000'000);
    STRCMP_EQUAL("A US 1, B US 1, Spot US 1, ", told().c_str());
    LONGS_EQUAL(0, number("SELECT COUNT(*) FROM play_country WHERE n NOT IN (0, 1)"));
    LONGS_EQUAL(2, number("SELECT COUNT(*) FROM pause"));
  }
}
// In time or late, and whichever of its parts comes first.
TEST(PlayChanges, ATitleWithinAPauseIsNotHeard) {
  const std::vector<JournalRow> titles = {sounds(1, 0, "A"), sounds(2, 105'000, "Jingle"),
                                          sounds(3, 125'000, "B"), sounds(4, 300'000, "C")};
  const std::vector<JournalRow> first = {comes(1, 1000, 1), goes(2, 1, 100'000)},
                                second = {comes(1, 130'000, 1), goes(2, 1, 200'000)},
                                short_first = {comes(1, 98'000, 1), goes(2, 1, 100'000)};
  constexpr const char* kHeard = "A US 1, B US 1, ";
  for (const int order : {0, 1, 2, 3, 4, 5}) {
    setup();
    if (order < 4) take("n0", titles);
    if (order == 1 || order == 3) count(2'000'000);
    const bool is_turned = order == 2 || order == 3;
    take(is_turned ? "n2" : "n1", is_turned ? second : first);
    if (order == 5) take("n0", titles);
    take(is_turned ? "n1" : "n2", is_turned ? first : second);
    if (order == 4) take("n0", titles);
    count(2'000'000);
    STRCMP_EQUAL(kHeard, told().c_str());
    LONGS_EQUAL(0, number("SELECT COUNT(*) FROM play_country WHERE n<>1"));
    LONGS_EQUAL(1, number("SELECT performances FROM play WHERE title='B'"));
    LONGS_EQUAL(0, number("SELECT COALESCE(SUM(performances), 0) FROM play WHERE title='Jingle'"));
    // At the start and the end of the jingle nobody listened, at the start of B neither.
    if (order != 1 && order != 3)
      LONGS_EQUAL(0, number("SELECT SUM(began)+SUM(ended) FROM play_listeners l JOIN play p ON "
                            "p.id=l.play WHERE title='Jingle'"));
  }
  // A look of two seconds first, which is in the titles only because it goes on.
  setup();
  take("n0", titles);
  count(2'000'000);
  take("n1", short_first);
  STRCMP_EQUAL("", told().c_str());
  take("n2", {second[0]});
  STRCMP_EQUAL(kHeard, told().c_str());
  take("n2", {second[1]});
  STRCMP_EQUAL(kHeard, told().c_str());
}
TEST(PlayChanges, AQuickLookOfThenIsInNoTitle) {
  take("n1", {sounds(1, 0, "A"), sounds(2, 200'000, "B"), sounds(3, 400'000, "C")});
  count(2'000'000);
  take("n2", {comes(1, 1000, 1), comes(2, 2000, 2)});
  STRCMP_EQUAL("A US 2, B US 2, ", told().c_str());
  take("n2", {goes(3, 1, 4000), goes(4, 2, 250'000, 10)});
  STRCMP_EQUAL("", told().c_str());
}
// Whatever order rows of servers come in, and whenever titles are counted: what the sessions tell.
TEST(PlayChanges, TitlesHaveWhatTheSessionsTell) {
  Rng rng{7};
  std::int64_t unheard = 0;
  for (int round = 0; round < 10; ++round) {
    teardown();
    setup();
    std::vector<JournalRow> titles;
    for (std::uint64_t i = 0; i < 200; ++i)
      titles.push_back(sounds(i + 1,
                              static_cast<std::int64_t>(i / 2) * 72'000 + (i % 2 == 0 ? 0 : 3'000),
                              cat({"T", i % 9})));
    std::vector<JournalRow> rows[3];
    for (auto& of : rows)
      for (std::int64_t at = 0; at < 7'000'000;
           at += static_cast<std::int64_t>(rng.below(90'000))) {
        const std::uint64_t last = of.size();
        if (last > 0 && rng.below(2) == 0)
          of.push_back(goes(last + 1, 1 + rng.below(last), at, 60'000 + rng.below(20'000)));
        else
          of.push_back(comes(last + 1, at, 1 + rng.below(6), rng.below(2) == 0 ? "US" : "DE"));
      }
    std::size_t next[4] = {};
    take("n0", {titles.begin(), titles.begin() + 20});
    next[3] = 20;
    for (std::int64_t step = 0; step < 60; ++step) {
      const std::size_t node = rng.below(4);
      const std::vector<JournalRow>& of = node == 3 ? titles : rows[node];
      const std::size_t begin = next[node], end = std::min(of.size(), begin + rng.below(12));
      take(cat({"n", node == 3 ? 0 : node + 1}), {of.begin() + static_cast<std::ptrdiff_t>(begin),
                                                  of.begin() + static_cast<std::ptrdiff_t>(end)});
      next[node] = end;
      if (rng.below(3) == 0) count(9'000'000);
    }
    count(9'000'000);
    const std::string of =
        cat({"(SELECT COUNT(*) FROM session s WHERE s.mount=p.mount AND s.kind=0 AND (s.open>0 OR "
             "s.counted=1) AND s.began<p.ended AND (s.open>0 OR s.ended>p.began) AND NOT EXISTS("
             "SELECT 1 FROM pause WHERE session=s.id AND began<=p.began AND ended>=p.ended)"});
    LONGS_EQUAL(0, number(cat({"SELECT COUNT(*) FROM play p WHERE performances IS NOT NULL AND "
                               "performances<>",
                               of, ")"})));
    for (const std::string_view country : {"US", "DE"}) {
      LONGS_EQUAL(0,
                  number(cat({"SELECT COUNT(*) FROM play p WHERE performances IS NOT NULL AND "
                              "COALESCE((SELECT n FROM play_country WHERE play=p.id AND country='",
                              country, "'), 0)<>", of, " AND s.country='", country, "')"})));
      const std::string sum = cat({"FROM song_heard WHERE mount<>0 AND country='", country, "'"});
      LONGS_EQUAL(number(cat({"SELECT SUM(n) FROM play_country WHERE country='", country, "'"})),
                  number(cat({"SELECT SUM(n) ", sum})));
    }
    CHECK(number("SELECT SUM(performances) FROM play") > 0);
    unheard +=
        number("SELECT COUNT(*) FROM play p JOIN pause g ON g.began<=p.began AND g.ended>=p.ended");
  }
  CHECK(unheard > 5);
}

// With 100,000 titles of a mount, a further one and the upkeep read only a few of them; and of
// 1,000 old pieces none is searched for among all recent sessions.
TEST(PlayChanges, AYearOfTitlesIsNotReadForTheNext) {
  take("n1", {sounds(1, 0, "A - First")});
  CHECK(database
            ->run(cat({"WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i+1 FROM n WHERE "
                       "i<99999) INSERT INTO play(mount, began, title, ended, performances) "
                       "SELECT 1, ",
                       kWhole - kDayMs, "+i, 'A - B', ", kWhole - kDayMs, "+i+1, 1 FROM n;",
                       "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i+1 FROM n WHERE i<999) "
                       "INSERT INTO recent SELECT 1, i, 1000+i, ",
                       kWhole, ", ", kWhole,
                       ", 0 FROM n;"
                       "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i+1 FROM n WHERE i<999) "
                       "INSERT INTO piece SELECT i, 1000, 2000, 1 FROM n;"}))
            .has_value());
  database->limit_steps(300'000);
  take("n2", {sounds(1, 60'001, "A - Second"), sounds(2, 90'000, "A - Second"),
              sounds(3, 30'000, "A - Between"), sounds(4, 70'000, "")});
  CHECK(prune_audience(*database, {}, kWhole + 100'000).has_value());
  database->limit_steps(0);
  Statement asked = database->prepare("SELECT began, ended, title FROM play WHERE began>=?");
  std::string played;
  for (asked.bind(kWhole); asked.step();)
    played += cat({asked.text(2), " ", asked.number(0) - kWhole, "-",
                   asked.is_null(1) ? 0 : asked.number(1) - kWhole, ";"});
  STRCMP_EQUAL("A - First 0-30000;A - Between 30000-60001;A - Second 60001-70000;", played.c_str());
  LONGS_EQUAL(0, database->prepare("SELECT COUNT(*) FROM piece").first_number());
}
