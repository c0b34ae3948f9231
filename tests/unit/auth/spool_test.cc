#include "auth/listener/spool.h"

#include <sys/stat.h>

#include <memory>
#include <string>

#include "base/temporary_directory.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

SpoolEntry entry_of(std::uint64_t seq) {
  SpoolEntry entry;
  entry.seq = seq;
  entry.client_id = 100 + seq;
  entry.since = 1'700'000'000;
  entry.notice = {"http://127.0.0.1:1/auth?x=1&y=2", "be", "p w\n",
                  "action=listener_remove&client=1&user=-", "&ip=1"};
  return entry;
}

}  // namespace

TEST_GROUP(SpoolText){};

TEST(SpoolText, WhatIsWrittenIsReadAgain) {
  const SpoolContent content = parse_spool(std::string(kSpoolTitle) + spool_added(entry_of(7)));
  LONGS_EQUAL(1, content.open.size());
  const SpoolEntry& entry = content.open[0];
  const SpoolEntry wanted = entry_of(7);
  LONGS_EQUAL(7, entry.seq);
  LONGS_EQUAL(107, entry.client_id);
  LONGS_EQUAL(1'700'000'000, entry.since);
  CHECK(!entry.ended);
  STRCMP_EQUAL(wanted.notice.url.c_str(), entry.notice.url.c_str());
  STRCMP_EQUAL(wanted.notice.user.c_str(), entry.notice.user.c_str());
  STRCMP_EQUAL(wanted.notice.password.c_str(), entry.notice.password.c_str());
  STRCMP_EQUAL(wanted.notice.before.c_str(), entry.notice.before.c_str());
  STRCMP_EQUAL(wanted.notice.after.c_str(), entry.notice.after.c_str());
  LONGS_EQUAL(7, content.highest_seq);
  LONGS_EQUAL(107, content.highest_client_id);
}
TEST(SpoolText, EmptyFieldsAndDashesAreDifferentThings) {
  SpoolEntry entry = entry_of(1);
  entry.notice.user = "";
  entry.notice.password = "-";
  const SpoolContent content = parse_spool(spool_added(entry));
  LONGS_EQUAL(1, content.open.size());
  STRCMP_EQUAL("", content.open[0].notice.user.c_str());
  STRCMP_EQUAL("-", content.open[0].notice.password.c_str());
}
TEST(SpoolText, AListenerThatLeftKeepsItsNumbersAndAReportedOneIsForgotten) {
  const SpoolContent content =
      parse_spool(spool_added(entry_of(1)) + spool_added(entry_of(2)) + spool_added(entry_of(3)) +
                  spool_ended(2, 60, 960'000) + spool_ended(3, 1, 2) + spool_done(3));
  LONGS_EQUAL(2, content.open.size());
  CHECK(!content.open[0].ended);
  CHECK(content.open[1].ended);
  LONGS_EQUAL(60, content.open[1].seconds);
  LONGS_EQUAL(960'000, content.open[1].bytes_sent);
  LONGS_EQUAL(3, content.highest_seq);
  LONGS_EQUAL(103, content.highest_client_id);
}
TEST(SpoolText, TheNewestTimeIsWhenTheServerWasLastAlive) {
  LONGS_EQUAL(1'700'000'000, parse_spool(spool_added(entry_of(1))).last_alive);
  LONGS_EQUAL(1'700'000'500,
              parse_spool(spool_added(entry_of(1)) + spool_alive(1'700'000'500)).last_alive);
  LONGS_EQUAL(0, parse_spool("").last_alive);
}
TEST(SpoolText, ALineWithoutItsEndIsPassedOver) {
  const std::string whole = spool_added(entry_of(1)) + spool_added(entry_of(2));
  const std::size_t first = spool_added(entry_of(1)).size();
  for (std::size_t n = first; n < whole.size(); ++n)
    LONGS_EQUAL(1, parse_spool(whole.substr(0, n)).open.size());
  LONGS_EQUAL(2, parse_spool(whole).open.size());
}
TEST(SpoolText, GarbageIsPassedOver) {
  const std::string good = spool_added(entry_of(1));
  for (const char* bad :
       {"A\n", "A 1 2\n", "A x 2 3 u - - b a\n", "A 1 2 3 %zz - - b a\n", "E 1\n", "E 1 x 3\n",
        "D\n", "D one\n", "H\n", "Z 1 2\n", "\n", " \n", "D 99\n", "E 99 1 2\n"}) {
    const SpoolContent content = parse_spool(bad + good);
    LONGS_EQUAL(1, content.open.size());
    CHECK(!content.open[0].ended);
  }
  parse_spool(std::string("\0\0\0\0\n\xff\xfe", 7) + good);
}
TEST(SpoolText, CompactingKeepsWhatMatters) {
  std::string text(kSpoolTitle);
  for (std::uint64_t i = 1; i <= 50; ++i)
    text += spool_added(entry_of(i)) + (i % 10 != 0 ? spool_done(i) : "");
  text += spool_ended(20, 5, 6) + spool_alive(1'700'000'900);
  const std::string compacted = spool_compacted(parse_spool(text));
  CHECK(compacted.size() < text.size() / 5);
  const SpoolContent content = parse_spool(compacted);
  LONGS_EQUAL(5, content.open.size());
  LONGS_EQUAL(10, content.open[0].seq);
  CHECK(content.open[1].ended);
  LONGS_EQUAL(5, content.open[1].seconds);
  LONGS_EQUAL(1'700'000'900, content.last_alive);
  CHECK(compacted.starts_with(kSpoolTitle));
}

TEST_GROUP(Spool) {
  Loop loop{0, system_clock()};
  Log log{system_clock()};
  TemporaryDirectory directory;
  int written = 0;

  std::unique_ptr<Spool> open(SpoolContent* leftovers = nullptr) {
    auto opened = Spool::open(directory.file("spool"), loop, log);
    CHECK(opened.has_value());
    if (leftovers != nullptr) *leftovers = std::move(opened->leftovers);
    return std::move(opened->spool);
  }
  void add(Spool & spool, std::uint64_t seq) {
    spool.added(entry_of(seq), [this] { ++written; });
  }
  void run_until(int n) {
    while (written < n) loop.run_once(true);
  }
};

TEST(Spool, ALineIsInTheFileWhenWrittenIsCalled) {
  auto spool = open();
  add(*spool, 1);
  LONGS_EQUAL(0, written);
  run_until(1);
  LONGS_EQUAL(1, parse_spool(directory.text("spool")).open.size());
}
TEST(Spool, TheNextStartFindsTheUnreportedListeners) {
  {
    auto spool = open();
    for (std::uint64_t i = 1; i <= 3; ++i) add(*spool, i);
    spool->ended(1, 10, 20);
    spool->done(1);
    spool->ended(2, 30, 40);
    spool->alive(1'700'000'100);
  }
  SpoolContent leftovers;
  auto spool = open(&leftovers);
  LONGS_EQUAL(2, leftovers.open.size());
  CHECK(leftovers.open[0].ended);
  LONGS_EQUAL(30, leftovers.open[0].seconds);
  CHECK(!leftovers.open[1].ended);
  LONGS_EQUAL(1'700'000'100, leftovers.last_alive);
  LONGS_EQUAL(3, leftovers.highest_seq);
}
TEST(Spool, LeftoversStayUntilTheyAreDone) {
  { add(*open(), 1); }
  { open(); }
  SpoolContent leftovers;
  {
    auto spool = open(&leftovers);
    LONGS_EQUAL(1, leftovers.open.size());
    spool->done(1);
  }
  open(&leftovers);
  LONGS_EQUAL(0, leftovers.open.size());
}
TEST(Spool, IsForItsOwnerOnly) {
  auto spool = open();
  struct stat facts {};
  ::stat(directory.file("spool").c_str(), &facts);
  LONGS_EQUAL(0600, facts.st_mode & 07777);
  LONGS_EQUAL(1, directory.files());
}
TEST(Spool, ASecondServerOnTheSameFileIsAnError) {
  auto spool = open();
  auto second = Spool::open(directory.file("spool"), loop, log);
  CHECK(!second.has_value());
  CHECK(second.error().code == Error::Code::kDenied);
}
TEST(Spool, ADirectoryThatIsNotThereIsAnError) {
  auto opened = Spool::open(directory.file("no/spool"), loop, log);
  CHECK(!opened.has_value());
  CHECK(opened.error().what.find("no/spool") != std::string::npos);
}
TEST(Spool, IsCompactedWhileItGrows) {
  {
    auto spool = open();
    std::uint64_t seq = 0;
    for (int round = 0; round < 40; ++round) {
      for (int i = 0; i < 200; ++i) {
        add(*spool, ++seq);
        if (seq != 5) spool->done(seq);
      }
      run_until(static_cast<int>(seq));
    }
  }
  // 8000 entries of 170 bytes were written.
  CHECK(directory.text("spool").size() < 1'200'000);
  SpoolContent leftovers;
  open(&leftovers);
  LONGS_EQUAL(1, leftovers.open.size());
  LONGS_EQUAL(5, leftovers.open[0].seq);
}
