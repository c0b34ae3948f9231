// Sums of titles by weeks tell what the titles one by one tell, of any range and any mounts.
#include "audience/song_sums.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "audience/day_sums.h"
#include "audience/merge.h"
#include "audience/report.h"
#include "audience/upkeep.h"
#include "base/cat.h"
#include "base/random.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

constexpr std::int64_t kFirstWeek = 2800, kSongMs = 7'200'000, kSongsBegin = kFirstWeek * kWeekMs;

}  // namespace

TEST_GROUP(SongSums) {
  std::unique_ptr<Sqlite> database = *open_audience_database(":memory:");
  Rng rng{5};
  // Titles of 20 mounts over five weeks, and what a count of their listenings writes.
  void play(int from, int to) {
    CHECK(database->run("BEGIN").has_value());
    SongSums sums(*database);
    for (int i = from; i < to; ++i) {
      SongPlay play;
      play.mount = 1 + static_cast<std::int64_t>(rng.below(20));
      play.began = kSongsBegin + kSongMs * i + static_cast<std::int64_t>(rng.below(1000));
      play.title = cat({"A - ", rng.below(12)});
      Statement mount = database->prepare("INSERT OR IGNORE INTO mount VALUES(?,?)");
      mount.bind(play.mount).bind(cat({"/m", play.mount})).run();
      const auto at_first = static_cast<std::int64_t>(rng.below(9)),
                 at_last = static_cast<std::int64_t>(rng.below(9));
      std::int64_t count = 0;
      Statement add = database->prepare(
          "INSERT INTO play(mount, began, title, ended, performances) VALUES(?,?,?,?,NULL)");
      add.bind(play.mount).bind(play.began).bind(play.title).bind(play.began + 1000).run();
      play.id = database->last_id();
      Statement put = database->prepare("INSERT INTO play_country VALUES(?,?,?)");
      for (const char* const country : {"", "DE", "US"}) {
        const auto n = static_cast<std::int64_t>(rng.below(3));
        if (n == 0) continue;
        put.bind(play.id).bind(country).bind(n).run();
        sums.heard(play, country, n);
        count += n;
      }
      Statement listeners = database->prepare("INSERT INTO play_listeners VALUES(?,?,?)");
      listeners.bind(play.id).bind(at_first).bind(at_last).run();
      sums.gained(play, at_last - at_first);
      Statement set = database->prepare("UPDATE play SET performances=? WHERE id=?");
      set.bind(count).bind(play.id).run();
    }
    songs_marked(*database).run();
    CHECK(database->run("COMMIT").has_value());
  }
  std::int64_t number(std::string_view sql) {
    Statement asked = database->prepare(sql);
    CHECK(asked.step());
    return asked.number(0);
  }
  // What the sums tell, and each title for itself.
  void compare(const AudienceReport::Mounts& of, AudienceRange range) {
    AudienceReport report(*database, range.to + kDayMs);
    std::map<std::pair<std::string, std::string>, std::int64_t> songs, told;
    std::map<std::pair<std::int64_t, std::string>, std::int64_t> most, least;
    Statement asked = database->prepare(
        "SELECT x.mount, x.title, c.country, c.n FROM play x JOIN play_country c ON c.play=x.id "
        "WHERE x.began>=? AND x.began<?");
    asked.bind(range.from).bind(range.to);
    while (asked.step())
      if (of.contains(asked.number(0)))
        songs[{std::string(asked.text(1)), std::string(asked.text(2))}] += asked.number(3);
    const auto rows = *report.songs(of, range);
    for (const SongRow& row : rows) told[{row.title, row.country}] = row.performances;
    CHECK(songs == told);
    for (const std::string country : {"", "US", "FR"}) {
      auto of_one = songs;
      std::erase_if(of_one, [&](const auto& one) { return one.first.second != country; });
      told.clear();
      const auto its = *report.songs(of, range, country);
      for (const SongRow& row : its) told[{row.title, row.country}] = row.performances;
      CHECK(of_one == told);
    }
    CHECK(std::is_sorted(rows.begin(), rows.end(), [](const SongRow& a, const SongRow& b) {
      return std::tie(a.title, a.country) < std::tie(b.title, b.country);
    }));
    Statement gains = database->prepare(
        "SELECT x.mount, x.title, l.ended-l.began FROM play x JOIN play_listeners l ON "
        "l.play=x.id WHERE x.began>=? AND x.began<?");
    gains.bind(range.from).bind(range.to);
    while (gains.step()) {
      if (!of.contains(gains.number(0))) continue;
      const std::pair key(gains.number(0), std::string(gains.text(1)));
      const auto [best, fresh] = most.try_emplace(key, gains.number(2));
      best->second = std::max(best->second, gains.number(2));
      const auto [worst, first] = least.try_emplace(key, gains.number(2));
      worst->second = std::min(worst->second, gains.number(2));
    }
    const auto gained = *report.titles_by(of, range, AudienceReport::Order::kGain, 1000);
    const auto lost = *report.titles_by(of, range, AudienceReport::Order::kLoss, 1000);
    CHECK_EQUAL(most.size(), gained.size());
    CHECK_EQUAL(least.size(), lost.size());
    for (std::size_t i = 0; i < gained.size(); ++i) {
      const auto key = [](const PlayRow& row) {
        return std::pair(std::int64_t{std::stoll(row.mount.substr(2))}, row.title);
      };
      LONGS_EQUAL(most.at(key(gained[i])), *gained[i].gain);
      LONGS_EQUAL(least.at(key(lost[i])), *lost[i].gain);
      if (i == 0) continue;
      CHECK(*gained[i - 1].gain >= *gained[i].gain);
      CHECK(*lost[i - 1].gain <= *lost[i].gain);
    }
  }
  void compare_all() {
    const auto all = *AudienceReport(*database, 0).mounts();
    AudienceReport::Mounts most = all, few = all;
    most.erase(most.begin());
    while (few.size() > 3) few.erase(few.begin());
    const std::int64_t end = kSongsBegin + 5 * kWeekMs;
    for (const AudienceReport::Mounts& of : {all, most, few, AudienceReport::Mounts{}})
      for (const AudienceRange range :
           {AudienceRange{kSongsBegin, end}, AudienceRange{0, end + 50 * kWeekMs},
            AudienceRange{kSongsBegin + 3 * kDayMs, end - kDayMs},
            AudienceRange{kSongsBegin + kWeekMs + 1, kSongsBegin + 2 * kWeekMs - 1},
            AudienceRange{kSongsBegin + kWeekMs, kSongsBegin + 2 * kWeekMs}})
        compare(of, range);
  }
};

TEST(SongSums, WeeksTellWhatTheirTitlesTell) {
  play(0, 420);
  LONGS_EQUAL(5, whole_song_weeks(*database, 0, kSongsBegin + 5 * kWeekMs).last - kFirstWeek);
  CHECK(number("SELECT COUNT(*) FROM song_gain") > 0);
  compare_all();
  // One that a journal tells late.
  play(100, 130);
  compare_all();
}
// The database was made by a program without such sums, and titles of then are counted later.
TEST(SongSums, TitlesOfBeforeAreSummedByDays) {
  CHECK(database->run("UPDATE song_since SET at=1<<60").has_value());
  play(0, 300);
  CHECK_EQUAL(0, number("SELECT COUNT(*) FROM song_heard"));
  CHECK(database->run("UPDATE song_since SET at=(SELECT MAX(began)+1 FROM play)").has_value());
  play(300, 420);
  int days = 0;
  do {
    if (++days % 8 == 0) compare_all();
    if (days == 10) play(20, 40);  // not summed yet
  } while (*sum_songs_of_before(*database));
  CHECK(days > 20);
  CHECK_EQUAL(0, number("SELECT at FROM song_since"));
  CHECK_EQUAL(number("SELECT SUM(n) FROM play_country"),
              number("SELECT SUM(n) FROM song_heard WHERE mount=0"));
  compare_all();
}
TEST(SongSums, SumsGoWithTheirTitles) {
  play(0, 420);
  AudienceKeeping keeping;
  keeping.titles = std::chrono::hours(24 * 10);
  const std::int64_t now = kSongsBegin + 5 * kWeekMs;
  // The titles first, and at the next time what is older than the oldest of them.
  for (int i = 0; i < 2; ++i) CHECK(!*prune_audience(*database, keeping, now));
  const std::int64_t kept = (now - 10 * kDayMs) / kWeekMs;
  CHECK_EQUAL(kept, number("SELECT MIN(week) FROM song_gain"));
  CHECK_EQUAL(kept, number("SELECT MIN(week) FROM song_heard"));
  CHECK(number("SELECT MIN(week) FROM song") >= kept);
  compare_all();
}

// A program of before has no sums of days, of weeks and of all mounts, and writes what it knows.
TEST(SongSums, WhatAProgramOfBeforeWroteIsSummedAnew) {
  std::string folder = "/tmp/older-XXXXXX";
  CHECK(::mkdtemp(folder.data()) != nullptr);
  const auto open = [&] {
    database.reset();
    auto opened = open_audience_database(folder + "/db");
    if (!opened) FAIL(opened.error().what.c_str());
    database = std::move(*opened);
  };
  std::uint64_t number_of_row = 0;
  const auto listens = [&](std::int64_t at) {
    AudienceMerge merge(*database, std::chrono::seconds(60));
    ListeningBegun row;
    row.at_ms = at;
    row.who = 100 + number_of_row;
    row.mount = cat({"/m", 1 + number_of_row / 2 % 3});
    row.country = "DE";
    row.player = "VLC";
    const std::uint64_t begun = ++number_of_row;
    ++number_of_row;
    const JournalBatch batch{
        "epoch", {{begun, row}, {begun + 1, ListeningEnded{begun, at + 60'000, 1'000'000, false}}}};
    CHECK(merge.take("n1", batch).has_value());
  };
  const auto ms_of = [&](std::string_view table, bool of_all) {
    return number(
        cat({"SELECT TOTAL(ms)+0 FROM ", table, of_all ? " WHERE mount=0" : " WHERE mount>0"}));
  };
  const auto are_whole = [&] {
    for (const std::string_view table : {"slot", "split", "split_day"})
      for (const bool of_all : {false, true})
        if (ms_of(table, of_all) != ms_of("slot", false)) return false;
    return true;
  };
  open();
  for (int i = 0; i < 6; ++i) listens(kSongsBegin + i * kDayMs);
  play(0, 60);
  CHECK_EQUAL(0, number("SELECT sums FROM unsummed"));
  CHECK_EQUAL(360'000, ms_of("slot", false));
  CHECK(are_whole());
  // What this program wrote itself stays as it is.
  CHECK(database->run("UPDATE split_day SET ms=ms+1").has_value());
  open();
  CHECK(!are_whole());
  CHECK(number("SELECT COUNT(*) FROM song_heard") > 0);
  // As the program of before: without the sums that it does not know.
  CHECK(database
            ->run("BEGIN; INSERT INTO slot VALUES(1,9999999,5000,7,1); INSERT INTO split "
                  "VALUES(1,2499999,'FR',1,5000,7,1); UPDATE journal SET seen=seen+2; COMMIT")
            .has_value());
  open();
  CHECK_EQUAL(365'000, ms_of("slot", false));
  CHECK(are_whole());
  CHECK_EQUAL(5000, number("SELECT ms FROM split_day WHERE mount=0 AND day=2499999/24"));
  // A file of before short sessions were told apart: they are counted once.
  CHECK(database->run("UPDATE session SET heard=30000 WHERE id<3").has_value());
  CHECK(database
            ->run("CREATE TABLE told AS SELECT * FROM slot_day; DROP TABLE slot_day; DROP TRIGGER "
                  "slot_added; DROP TRIGGER slot_grew; DROP TABLE slot_short; DROP TRIGGER "
                  "session_grew; DROP TABLE slot_unsummed; DROP TABLE slot_unpacked; DROP TABLE "
                  "slot_packed; DROP TABLE slot_rest; DROP TABLE slot_unrested; DROP TABLE "
                  "slot_restless")
            .has_value());
  open();
  // Its days are summed a mount at a time, and meanwhile read by quarters.
  const auto heard = [&] {
    AudienceReport report(*database, kSongsBegin + 20 * kDayMs);
    const auto mounts = *report.mounts();
    std::int64_t ms = 0;
    for (const auto& mount : mounts)
      ms += report.summary({mount}, {kSongsBegin, kSongsBegin + 20 * kDayMs})->sum.ms;
    return ms;
  };
  CHECK_EQUAL(0, number("SELECT COUNT(*) FROM slot_day"));
  CHECK_EQUAL(360'000, heard());
  const std::int64_t mounts = number("SELECT COUNT(*) FROM mount");
  CHECK(mounts > 1);
  for (std::int64_t left = mounts - 1; left >= 0; --left) {
    CHECK(*sum_days(*database, kSongsBegin));
    CHECK_EQUAL(left, number("SELECT COUNT(*) FROM slot_unsummed"));
    CHECK_EQUAL(360'000, heard());
  }
  CHECK(number("SELECT COUNT(*) FROM told") > 0);
  CHECK_EQUAL(0, number("SELECT COUNT(*) FROM (SELECT * FROM told EXCEPT SELECT * FROM slot_day)"));
  CHECK_EQUAL(0, number("SELECT COUNT(*) FROM (SELECT * FROM slot_day EXCEPT SELECT * FROM told)"));
  CHECK_EQUAL(2, number("SELECT SUM(n) FROM slot_short WHERE mount=0"));
  CHECK_EQUAL(2, number("SELECT SUM(n) FROM slot_short WHERE mount>0"));
  CHECK(database->run("UPDATE session SET heard=60000 WHERE id<3").has_value());
  CHECK_EQUAL(0, number("SELECT SUM(n) FROM slot_short"));
  CHECK_EQUAL(0, number("SELECT SUM(shorts) FROM slot_day"));
  number_of_row += 2;
  listens(kSongsBegin + 9 * kDayMs);
  CHECK(are_whole());
  CHECK_EQUAL(0, number("SELECT sums FROM unsummed"));
  // It counts a title: all of them are summed again, a day at a time.
  CHECK(number("SELECT at FROM song_since") < kSongsBegin);
  CHECK(database
            ->run("UPDATE play SET performances=performances+1000 WHERE id=7; UPDATE play_country "
                  "SET n=n+1000 WHERE play=7")
            .has_value());
  compare_all();  // of single titles
  open();
  CHECK_EQUAL(0, number("SELECT COUNT(*) FROM song_heard"));
  while (*sum_songs_of_before(*database)) continue;
  CHECK_EQUAL(number("SELECT SUM(n) FROM play_country"),
              number("SELECT SUM(n) FROM song_heard WHERE mount=0"));
  compare_all();
  // And one is forgotten, which ends what goes on.
  CHECK(database->run("INSERT INTO forgotten VALUES(5,6)").has_value());
  CHECK_EQUAL(1, number("SELECT sums FROM unsummed"));
  CHECK(
      delete_sessions_of(*database, {100, 0, kSongsBegin}, kSongsBegin + 10 * kDayMs).has_value());
  CHECK_EQUAL(0, number("SELECT sums FROM unsummed"));
  database.reset();
  for (const char* const file : {"/db", "/db-wal", "/db-shm"}) ::unlink((folder + file).c_str());
  CHECK(::rmdir(folder.c_str()) == 0);
}
