// The journal of a node: what survives a kill, a torn end, a disk that is full.
#include "audience/journal.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "audience/day_keys.h"
#include "base/file.h"
#include "base/through_record.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

ListeningBegun listening(std::int64_t at_ms, std::string mount = "/live") {
  ListeningBegun row;
  row.at_ms = at_ms;
  row.who = 0xfeed'beef'0123'4567;
  row.mount = std::move(mount);
  row.country = "DE";
  row.player = "VLC";
  return row;
}

}  // namespace

TEST_GROUP(AudienceJournal) {
  std::string folder, path;
  std::unique_ptr<Journal> journal;
  Journal::Notes notes;
  void setup() override {
    char name[] = "/tmp/audience-XXXXXX";
    folder = ::mkdtemp(name);
    path = folder + "/audience.journal";
  }
  void teardown() override {
    journal.reset();
    for (const char* const file : {"/audience.journal", "/audience.journal.bad", "/keys"})
      ::unlink((folder + file).c_str());
    ::rmdir(folder.c_str());
  }
  Result<std::unique_ptr<Journal>> try_open(Journal::Limits limits = {}) {
    notes = {};
    return Journal::open(path, limits, "made", notes);
  }
  void open(Journal::Limits limits = {}) {
    journal.reset();
    auto opened = try_open(limits);
    if (!opened) FAIL(opened.error().what.c_str());
    journal = std::move(*opened);
  }
  void add(std::string_view bytes) {
    auto text = read_file(path);
    CHECK(text.has_value());
    CHECK(replace_file(path, text->text + std::string(bytes)).has_value());
  }
  std::vector<JournalRow> rows() {
    if (journal->asks()) {
      CHECK(journal->next(1000)->rows.empty());
      LONGS_EQUAL(0, *journal->acknowledge(0));
    }
    return journal->next(1000)->rows;
  }
};

TEST(AudienceJournal, RowsComeAsTheyWereWritten) {
  open();
  journal->begun(77, listening(1000, "/a b%\t\xff"));
  journal->title({1500, "/live", "Sigur Rós – \x01Svefn"});
  journal->ended(77, 5000, 12345);
  CHECK(rows().empty());  // what is not written is not told
  CHECK(journal->flush(5000).has_value());
  const auto read = rows();
  LONGS_EQUAL(3, read.size());
  LONGS_EQUAL(1, read[0].number);
  STRCMP_EQUAL("/a b% \xef\xbf\xbd", std::get<ListeningBegun>(read[0].what).mount.c_str());
  STRCMP_EQUAL("Sigur Rós –  Svefn", std::get<TitleBegun>(read[1].what).title.c_str());
  const ListeningEnded end = {1, 5000, 12345, false};
  CHECK(std::get<ListeningEnded>(read[2].what) == end);
}
TEST(AudienceJournal, AnotherProcessGoesOnWithItAndNothingEndsByThat) {
  open();
  journal->begun(77, listening(1000));
  journal->begun(78, listening(1100));
  CHECK(journal->flush(2000).has_value());
  const auto told = lb::test::through_record(journal->save());
  // The other process has the descriptor, and with it the lock.
  auto next = Journal::go_on(path, {}, UniqueFd(::dup(journal->descriptor())), told);
  CHECK(next.has_value());
  journal = std::move(*next);
  LONGS_EQUAL(2, journal->open_listenings());
  CHECK_FALSE(try_open().has_value());
  journal->ended(77, 5000, 10);
  journal->begun(79, listening(5100));
  CHECK(journal->flush(6000).has_value());
  const auto read = rows();
  LONGS_EQUAL(4, read.size());
  const ListeningEnded end = {1, 5000, 10, false};
  CHECK(std::get<ListeningEnded>(read[2].what) == end);
  LONGS_EQUAL(4, read[3].number);
  CHECK(journal->epoch() == "made");
}
TEST(AudienceJournal, WhatDoesNotFitToTheFileIsNotGoneOnWith) {
  open();
  journal->begun(77, listening(1000));
  CHECK(journal->flush(2000).has_value());
  const JournalRecord saved = journal->save();
  const auto refused = [&](auto change) {
    JournalRecord wrong = saved;
    change(wrong);
    return !Journal::go_on(path, {}, UniqueFd(::dup(journal->descriptor())), wrong);
  };
  CHECK(refused([](JournalRecord& r) { r.size += 1; }));
  CHECK(refused([](JournalRecord& r) { r.unread = r.size + 1; }));
  CHECK(refused([](JournalRecord& r) { r.acknowledged = r.next_number; }));
  CHECK(refused([](JournalRecord& r) { r.epoch.clear(); }));
  CHECK(refused([](JournalRecord& r) { r.epoch.assign(65, 'a'); }));
  const int held = ::dup(journal->descriptor());
  CHECK(std::rename(path.c_str(), (path + ".bad").c_str()) == 0);
  open();
  // The file of that name is another one now.
  CHECK_FALSE(Journal::go_on(path, {}, UniqueFd(held), saved).has_value());
}
TEST(AudienceJournal, WhatIsAcknowledgedIsNotToldAgain) {
  open();
  for (std::uint64_t i = 1; i <= 5; ++i) journal->begun(i, listening(1000));
  CHECK(journal->flush(1000).has_value());
  LONGS_EQUAL(2, journal->next(2)->rows.size());
  LONGS_EQUAL(2, journal->next(2)->rows.size());  // the answer was lost: the same again
  LONGS_EQUAL(1, journal->next(2)->rows[0].number);
  CHECK(journal->acknowledge(2).has_value());
  const auto left = rows();
  LONGS_EQUAL(3, left.size());
  LONGS_EQUAL(3, left[0].number);
  LONGS_EQUAL(3, journal->unacknowledged());
}
TEST(AudienceJournal, AfterAKillTheOpenOnesEndWhereTheyWereHeardLast) {
  open();
  journal->begun(1, listening(1000));
  journal->begun(2, listening(2000));
  journal->ended(1, 3000, 10);
  CHECK(journal->flush(4000).has_value());
  CHECK(journal->flush(5000).has_value());
  const std::string epoch = journal->epoch();
  open();
  LONGS_EQUAL(1, notes.cut.size());
  STRCMP_EQUAL(epoch.c_str(), journal->epoch().c_str());
  CHECK(journal->flush(9000).has_value());
  const auto read = rows();
  LONGS_EQUAL(4, read.size());
  const ListeningEnded end = {2, 5000, 0, true};
  CHECK(std::get<ListeningEnded>(read[3].what) == end);
  LONGS_EQUAL(4, read[3].number);
  open();
  LONGS_EQUAL(0, notes.cut.size());
}
TEST(AudienceJournal, AClockThatIsSetByHoursMakesNoListeningLonger) {
  constexpr std::int64_t kHour = 3'600'000;
  std::int64_t steady = 0, ahead = 10 * kHour;
  const auto live = [&](std::int64_t ms) {
    steady += ms;
    journal->clocks(steady + ahead, steady);
    CHECK(journal->flush(steady + ahead).has_value());
  };
  const auto joins = [&](std::uint64_t number) {
    journal->clocks(steady + ahead, steady);
    journal->begun(number, listening(steady + ahead));
  };
  for (const std::int64_t set : {3 * kHour, -3 * kHour}) {
    open({.compact_above = 400});
    joins(1);
    live(10'000);
    CHECK(journal->acknowledge(journal->next(100)->rows.back().number).has_value());
    ahead += set;
    joins(2);  // before anything else has noticed it
    for (int i = 0; i < 20; ++i) live(1000);
    // Another process goes on, and the clock is set once more, by less than an hour.
    const JournalRecord saved = journal->save();
    auto next =
        Journal::go_on(path, {.compact_above = 400}, UniqueFd(::dup(journal->descriptor())), saved);
    CHECK(next.has_value());
    journal = std::move(*next);
    ahead -= kHour / 2;
    live(5000);
    open();  // the other one was killed
    LONGS_EQUAL(2, notes.cut.size());
    for (const auto& cut : notes.cut)
      LONGS_EQUAL(cut.open.begun % 2 == 1 ? 35'000 : 25'000, cut.ended_ms - cut.open.began_ms);
    journal.reset();
    ::unlink(path.c_str());
  }
  // What ended before it says nothing of those that begin behind it.
  open();
  joins(1);
  live(1000);
  journal->ended(1, steady + ahead, 1);
  live(0);
  ahead -= 3 * kHour;
  joins(2);
  live(4000);
  open();
  LONGS_EQUAL(1, notes.cut.size());
  LONGS_EQUAL(4000, notes.cut[0].ended_ms - notes.cut[0].open.began_ms);
}
TEST(AudienceJournal, ATornEndIsCutOff) {
  open();
  journal->begun(1, listening(1000));
  CHECK(journal->flush(1000).has_value());
  journal.reset();
  add("B\t2\t10");
  open();
  LONGS_EQUAL(6, notes.torn_bytes);
  journal->begun(2, listening(2000));
  CHECK(journal->flush(2000).has_value());
  const auto read = rows();
  LONGS_EQUAL(3, read.size());
  LONGS_EQUAL(3, read[2].number);
}
TEST(AudienceJournal, AForeignFileIsSetAside) {
  for (const char* const text :
       {"hello\n", "", "icecast-lb-audience\t2\tx\t1\t0\n", "icecast-lb-audience\t1\tx\t1\t5\n"}) {
    CHECK(replace_file(path, text).has_value());
    open();
    CHECK(!notes.set_aside.empty());
    STRCMP_EQUAL(text, read_file(path + ".bad")->text.c_str());
    journal.reset();
  }
}
TEST(AudienceJournal, TwoServersDoNotShareIt) {
  open();
  const auto second = try_open();
  CHECK(!second);
  CHECK(second.error().code == Error::Code::kDenied);
}
TEST(AudienceJournal, ItIsCompactedAndOpenOnesStayKnown) {
  open({.compact_above = 1000});
  journal->begun(1000, listening(500));
  for (std::uint64_t i = 1; i <= 200; ++i) {
    journal->begun(i, listening(1000));
    journal->ended(i, 2000, 1);
  }
  CHECK(journal->flush(2000).has_value());
  const std::size_t before = journal->file_bytes();
  const auto batch = journal->next(400);
  CHECK(journal->acknowledge(batch->rows.back().number).has_value());
  CHECK(journal->file_bytes() < before / 4);
  journal->ended(1000, 7000, 99);
  CHECK(journal->flush(7000).has_value());
  const auto left = rows();
  LONGS_EQUAL(2, left.size());
  LONGS_EQUAL(1, std::get<ListeningEnded>(left[1].what).begun);
  open({.compact_above = 1000});
  LONGS_EQUAL(0, notes.cut.size());
  LONGS_EQUAL(2, rows().size());
}
TEST(AudienceJournal, AFullFileTakesNoFurtherListening) {
  open({.file_bytes = 2000, .waiting_bytes = 1000});
  for (std::uint64_t i = 1; i <= 100; ++i) {
    journal->begun(i, listening(1000));
    CHECK(journal->flush(1000).has_value());
  }
  CHECK(journal->lost() > 50);
  CHECK(journal->file_bytes() < 4000);
  for (std::uint64_t i = 1; i <= 100; ++i) journal->ended(i, 2000, 1);
  CHECK(journal->flush(2000).has_value());
  LONGS_EQUAL(0, journal->open_listenings());
}
TEST(AudienceJournal, AFullFileThatWaitsForDaysIsReadAgain) {
  const Journal::Limits limits{.file_bytes = 4000, .waiting_bytes = 1000, .compact_above = 100};
  open(limits);
  std::int64_t now = 1'764'000'000'000;
  std::uint64_t listening_number = 0;
  while (journal->lost() == 0) {
    journal->begun(++listening_number, listening(now));
    CHECK(journal->flush(now).has_value());
  }
  const std::size_t full = journal->file_bytes();
  const std::uint64_t known = listening_number - 1;
  CHECK(journal->next(1).has_value());  // it has been read up to there
  for (int second = 0; second < 100'000; ++second) CHECK(journal->flush(now += 1000).has_value());
  CHECK(journal->file_bytes() < full + 100);
  journal->ended(1, now, 1);
  CHECK(journal->flush(now).has_value());
  CHECK(journal->flush(now += 1000).has_value());
  const auto read = rows();
  LONGS_EQUAL(known + 1, read.size());
  LONGS_EQUAL(1, std::get<ListeningEnded>(read.back().what).begun);
  open(limits);
  LONGS_EQUAL(known - 1, notes.cut.size());
  LONGS_EQUAL(now, notes.cut.front().ended_ms);
  LONGS_EQUAL(0, notes.torn_bytes);
}
TEST(AudienceJournal, AFileThatHasGrownBeyondItsLimitIsReadAgain) {
  const Journal::Limits limits{.file_bytes = 400'000, .waiting_bytes = 1000};
  open(limits);
  for (std::uint64_t i = 1; journal->lost() == 0; ++i) {
    journal->begun(i, listening(1000));
    CHECK(journal->flush(1000).has_value());
  }
  journal.reset();
  std::string signs;
  while (signs.size() < 1'500'000) signs += "A\t1000\n";
  add(signs);
  open(limits);
  CHECK(rows().size() > 500);
}
TEST(AudienceJournal, ACopyThatWasPutBackGoesOnBehindWhatIsKnown) {
  open();
  CHECK(journal->acknowledge(500).has_value());
  journal->begun(1, listening(1000));
  CHECK(journal->flush(1000).has_value());
  LONGS_EQUAL(501, rows()[0].number);
}
TEST(AudienceJournal, NewRowsOfACopyThatWasPutBackGoBehindWhatIsKnown) {
  open();
  journal->begun(1, listening(1000));
  journal->begun(2, listening(1000));
  journal->ended(1, 1500, 10);
  CHECK(journal->flush(1600).has_value());
  const std::string copy = read_file(path)->text;
  // The database knows others up to fewer, as many, and more rows than have been written since.
  for (const std::uint64_t known : {4U, 5U, 7U, 8U, 9U, 500U}) {
    journal.reset();
    CHECK(replace_file(path, copy).has_value());
    open();
    LONGS_EQUAL(1, notes.cut.size());  // its end is row 4
    journal->begun(3, listening(2000));
    CHECK(journal->flush(2000).has_value());
    LONGS_EQUAL(5, journal->begun(3, listening(2000)) - 1);
    journal->ended(3, 2500, 30);  // 7
    CHECK(journal->flush(2600).has_value());
    LONGS_EQUAL(8, journal->begun(4, listening(3000)));
    CHECK(journal->next(1000)->rows.empty());  // it asks
    LONGS_EQUAL(5, *journal->acknowledge(known));
    CHECK_FALSE(journal->asks());
    LONGS_EQUAL(5, journal->unacknowledged());
    CHECK(journal->flush(3000).has_value());
    for (const bool again : {false, true}) {
      if (again) {
        journal.reset();
        open();
        CHECK(journal->flush(4000).has_value());
      }
      const auto got = rows();
      LONGS_EQUAL(again ? 7 : 5, got.size());
      for (std::size_t i = 0; i < got.size(); ++i) LONGS_EQUAL(known + 1 + i, got[i].number);
      const ListeningEnded cut = {2, 1600, 0, true}, end = {known + 3, 2500, 30, false};
      CHECK(std::get<ListeningEnded>(got[0].what) == cut);
      CHECK(std::get<ListeningEnded>(got[3].what) == end);
      CHECK(std::get<ListeningBegun>(got[4].what) == listening(3000));
      if (again) continue;
      // Session files know it by its first number, after a hand-over too.
      const auto saved = lb::test::through_record(journal->save());
      auto next = Journal::go_on(path, {}, UniqueFd(::dup(journal->descriptor())), saved);
      CHECK(next.has_value());
      LONGS_EQUAL(8, (*next)->ended(4, 4000, 40)->begun);
    }
  }
}
TEST(AudienceJournal, RowsOfTheFileThatTheDatabaseHasAreNotNew) {
  open();
  for (std::uint64_t i = 1; i <= 4; ++i) journal->begun(i, listening(1000));
  CHECK(journal->flush(1000).has_value());
  for (const std::uint64_t known : {0U, 2U, 4U}) {
    journal.reset();
    const std::string before = read_file(path)->text;
    open();
    journal->begun(9, listening(2000));
    CHECK(journal->flush(2000).has_value());
    // The process that goes on has not heard of an answer either.
    auto next = Journal::go_on(path, {}, UniqueFd(::dup(journal->descriptor())),
                               lb::test::through_record(journal->save()));
    CHECK(next.has_value());
    journal = std::move(*next);
    CHECK(journal->asks());
    LONGS_EQUAL(0, *journal->acknowledge(known));
    const auto got = rows();
    LONGS_EQUAL(9 - known, got.size());
    LONGS_EQUAL(known + 1, got.front().number);
    LONGS_EQUAL(9, got.back().number);
    journal.reset();
    CHECK(replace_file(path, before).has_value());
  }
}
TEST(AudienceJournal, ADatabaseThatKnowsMoreThanWasSentGetsRowsBehindThat) {
  open();
  journal->begun(1, listening(1000));
  journal->begun(2, listening(1000));
  CHECK(journal->flush(1000).has_value());
  LONGS_EQUAL(0, *journal->acknowledge(1));
  journal->ended(1, 2000, 10);  // not in the file
  LONGS_EQUAL(2, *journal->acknowledge(500));
  CHECK(journal->flush(2000).has_value());
  const auto got = rows();
  LONGS_EQUAL(2, got.size());
  LONGS_EQUAL(501, got[0].number);
  LONGS_EQUAL(502, got[1].number);
  LONGS_EQUAL(1, std::get<ListeningEnded>(got[1].what).begun);  // the database has it open
}
TEST(AudienceJournal, WithoutRoomForNewNumbersTheOldOnesStayAndItAsksAgain) {
  open();
  journal->begun(1, listening(1000));
  journal->ended(1, 1500, 10);
  CHECK(journal->flush(1500).has_value());
  open();
  journal->begun(2, listening(2000));
  CHECK(journal->flush(2000).has_value());
  journal->ended(2, 2500, 10);
  const std::string elsewhere = folder + ".gone";
  CHECK(std::rename(folder.c_str(), elsewhere.c_str()) == 0);
  CHECK_FALSE(journal->acknowledge(100).has_value());
  CHECK(journal->asks());
  LONGS_EQUAL(4, journal->unacknowledged());
  CHECK(std::rename(elsewhere.c_str(), folder.c_str()) == 0);
  LONGS_EQUAL(2, *journal->acknowledge(100));
  CHECK(journal->flush(3000).has_value());
  const auto got = rows();
  LONGS_EQUAL(2, got.size());
  LONGS_EQUAL(101, got[0].number);
  LONGS_EQUAL(101, std::get<ListeningEnded>(got[1].what).begun);
}
TEST(AudienceJournal, KeysLiveForTheirDayAndTheNext) {
  int made = 0;
  const auto random = [&made](std::size_t n) {
    return std::string(n, static_cast<char>('a' + made++));
  };
  constexpr std::int64_t kDay = 86'400, kToday = 20'000 * kDay;
  DayKeys keys(folder + "/keys", random);
  CHECK(keys.load(kToday).has_value());
  const auto first = keys.who(kToday, "192.0.2.1", "VLC", "");
  CHECK(first.today != 0);
  LONGS_EQUAL(0, first.before);
  CHECK(keys.changed());
  CHECK(keys.save().has_value());
  CHECK(keys.who(kToday, "192.0.2.2", "VLC", "").today != first.today);
  CHECK(keys.who(kToday, "192.0.2.1", "mpv", "").today != first.today);
  DayKeys again(folder + "/keys", random);  // after a restart
  CHECK(again.load(kToday).has_value());
  CHECK(again.who(kToday + kDay - 1, "192.0.2.1", "VLC", "").today == first.today);
  const auto second = again.who(kToday + kDay, "192.0.2.1", "VLC", "");
  CHECK(second.today != first.today);
  CHECK(second.before == first.today);
  CHECK(again.who(kToday, "192.0.2.1", "VLC", "").today == second.today);  // set back
  const auto third = again.who(kToday + 2 * kDay, "192.0.2.1", "VLC", "");
  CHECK(third.before == second.today);
  CHECK(again.save().has_value());
  const auto text = read_file(folder + "/keys");
  CHECK(text->text.find("20000 ") == std::string::npos);  // the first key is nowhere
  struct stat status {};
  LONGS_EQUAL(0, ::stat((folder + "/keys").c_str(), &status));
  LONGS_EQUAL(0600, status.st_mode & 0777);
}

TEST(AudienceJournal, AKillRightAfterItWasCompactedLeavesTheirLengths) {
  open({.compact_above = 1000});
  journal->begun(1, listening(1000));
  for (int i = 0; i < 100; ++i) journal->title({2000 + i, "/live", "a title"});
  CHECK(journal->flush(61'000).has_value());
  const auto read = rows();
  CHECK(journal->acknowledge(read.back().number).has_value());
  open();  // no more was written
  LONGS_EQUAL(1, notes.cut.size());
  LONGS_EQUAL(61'000, notes.cut[0].ended_ms);
}

TEST(AudienceJournal, TheKeyOfAClockThatWasAheadGoes) {
  constexpr std::int64_t kNow = 20'000 * 86'400LL, kAhead = kNow + 300 * 86'400LL;
  unsigned char made = 0;
  const auto random = [&made](std::size_t bytes) {
    return std::string(bytes, static_cast<char>(++made));
  };
  const auto who = [](DayKeys& keys, std::int64_t at) { return keys.who(at, "::1", "VLC", "u"); };
  DayKeys keys(folder + "/keys", random);
  const auto ahead = who(keys, kAhead);
  CHECK(keys.save().has_value());
  DayKeys again(folder + "/keys", random);  // after a restart
  CHECK(again.load(kNow).has_value());
  for (DayKeys* const each : {&keys, &again}) {
    const auto now = who(*each, kNow);
    CHECK(now.today != ahead.today);
    CHECK(each->changed());
    CHECK(who(*each, kNow + 86'400).today != now.today);  // and days go on
  }
}
TEST(AudienceJournal, KeysOfAnotherServerAreAdoptedAndThoseOfTomorrowKnownBefore) {
  char next = 'a';
  const auto random = [&next](std::size_t n) { return std::string(n, next++); };
  constexpr std::int64_t kDay = 86'400, kToday = 20'000 * kDay + 100;
  const auto who = [](DayKeys& keys, std::int64_t at) { return keys.who(at, "::1", "VLC", "u"); };
  DayKeys master(folder + "/keys", random), node(folder + "/keys", random);
  CHECK(who(master, kToday).today != who(node, kToday).today);
  const auto own = who(node, kToday).today;
  LONGS_EQUAL(2, master.share(kToday).size());
  node.adopt(kToday, master.share(kToday));
  CHECK(node.knows_tomorrow(kToday));
  CHECK(who(node, kToday).today == who(master, kToday).today);
  CHECK(who(node, kToday).before == own);  // of a minute ago
  CHECK(node.save().has_value());
  DayKeys again(folder + "/keys", random);
  CHECK(again.load(kToday).has_value());
  CHECK(again.knows_tomorrow(kToday));
  CHECK(who(again, kToday).today == who(master, kToday).today);
  for (DayKeys* keys : {&master, &node, &again}) {
    const auto before = who(*keys, kToday).today;
    CHECK(who(*keys, kToday + kDay).before == before);
    CHECK_FALSE(keys->knows_tomorrow(kToday + kDay));
  }
  CHECK(who(node, kToday + kDay).today == who(master, kToday + kDay).today);
  LONGS_EQUAL(3, master.share(kToday + kDay).size());
  // Words that are none, and keys of other days, change nothing.
  const auto now = who(node, kToday + kDay).today;
  const std::string key(43, 'A');
  node.adopt(kToday + kDay, {"", ":", "20001", "20001:short", "19000:" + key, "20003:" + key});
  CHECK(who(node, kToday + kDay).today == now);
  CHECK_FALSE(node.knows_tomorrow(kToday + kDay));
  // Nothing comes for days: it has keys of its own.
  CHECK(who(node, kToday + 5 * kDay).before == 0);
  CHECK(node.save().has_value());
  CHECK(read_file(folder + "/keys")->text.find("20001 ") == std::string::npos);
}
TEST(AudienceJournal, ABatchHasSoManyBytesAndOneRowAtLeast) {
  open();
  for (int i = 0; i < 1000; ++i)
    journal->begun(static_cast<std::uint64_t>(i) + 1, listening(1000 + i));
  CHECK(journal->flush(2000).has_value());
  LONGS_EQUAL(1, journal->next(4096, 1)->rows.size());
  std::uint64_t seen = 0;
  for (int books = 0; books < 100 && journal->unacknowledged() > 0; ++books) {
    const auto batch = *journal->next(4096, 2000);
    CHECK(seen + batch.rows.size() == 1000 || (batch.rows.size() > 10 && batch.rows.size() < 60));
    LONGS_EQUAL(seen + 1, batch.rows.front().number);
    seen = batch.rows.back().number;
    CHECK(journal->acknowledge(seen).has_value());
  }
  LONGS_EQUAL(1000, seen);
}
