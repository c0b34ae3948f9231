#include "stream/file/sound_feed.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "base/through_record.h"
#include "stream/support.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

TEST_GROUP(SoundFeeds) {
  FakeClock clock;
  Loop loop{0, clock};
  std::shared_ptr<Mount> mount = std::make_shared<Mount>("/a", lb::test::mount_settings(), 1);
  Writer writer;
  std::vector<std::uint64_t> over;
  SoundFeeds feeds{loop, [this](std::uint64_t id) { over.push_back(id); }};
  UniqueFd reading;

  void setup() override { ::signal(SIGPIPE, SIG_IGN); }
  void begin(std::uint64_t from = 0, int pipe_bytes = 65'536) {
    int ends[2];
    LONGS_EQUAL(0, ::pipe2(ends, O_NONBLOCK | O_CLOEXEC));
    ::fcntl(ends[1], F_SETPIPE_SZ, pipe_bytes);
    reading.reset(ends[0]);
    feeds.begin(7, mount, from, UniqueFd(ends[1]));
    loop.run_once(false);
    tick();
  }
  void tick() {
    clock.advance(200ms);
    loop.run_once(true);
  }
  // A tick without a timer.
  void rested() {
    clock.advance(200ms);
    loop.run_once(false);
  }
  std::string heard() {
    std::string all;
    char buffer[4096];
    ssize_t n = 0;
    while ((n = ::read(reading.get(), buffer, sizeof buffer)) > 0)
      all.append(buffer, static_cast<std::size_t>(n));
    return all;
  }
};

TEST(SoundFeeds, BeginsWithTheHeadersAndTheNewestUnit) {
  writer.headers("HEAD").units(3, 100).sync().publish(*mount);
  begin();
  writer.bytes(100).sync().publish(*mount);
  tick();
  STRCMP_EQUAL(("HEAD" + pattern_text(300, 400)).c_str(), heard().c_str());
  writer.bytes(50).publish(*mount);
  tick();
  STRCMP_EQUAL(pattern_text(400, 450).c_str(), heard().c_str());
  CHECK(over.empty());
}
TEST(SoundFeeds, WritesNothingFromBeforeItsBegin) {
  writer.units(3, 100).publish(*mount);
  begin(300);
  STRCMP_EQUAL("", heard().c_str());
  writer.units(2, 100).publish(*mount);
  tick();
  STRCMP_EQUAL(pattern_text(400, 500).c_str(), heard().c_str());
}
TEST(SoundFeeds, WhatAPipeDoesNotTakeIsWrittenLater) {
  begin(0, 4096);
  writer.sync().bytes(3000).publish(*mount);
  tick();
  writer.bytes(7000).publish(*mount);
  tick();
  std::string all = heard();
  CHECK(all.size() < 10'000);
  for (int i = 0; i < 3; ++i) {
    tick();
    all += heard();
  }
  STRCMP_EQUAL(pattern_text(0, 10'000).c_str(), all.c_str());
}
TEST(SoundFeeds, IsOverWhenItsReaderIsGoneTheStreamEndsOrItHasFallenBehind) {
  begin();
  writer.sync().bytes(100).publish(*mount);
  reading.reset();
  tick();
  CHECK(over == std::vector<std::uint64_t>{7});
  begin();
  writer.sync().bytes(100).publish(*mount);
  tick();
  writer.publish(*mount, true);
  tick();
  LONGS_EQUAL(2, over.size());
  LONGS_EQUAL(0, feeds.running());
}
TEST(SoundFeeds, IsOverWhenTheWindowHasPassedIt) {
  begin(0, 4096);
  writer.window.queue_bytes = writer.window.burst_bytes = 10'000;
  for (int i = 0; i < 100; ++i) writer.sync().bytes(10'000).publish(*mount);
  tick();
  for (int i = 0; i < 200; ++i) writer.sync().bytes(10'000).publish(*mount);
  tick();
  CHECK(over == std::vector<std::uint64_t>{7});
}
TEST(SoundFeeds, AfterItsEndNothingIsWritten) {
  begin();
  feeds.end(7);
  loop.run_once(false);
  writer.sync().bytes(100).publish(*mount);
  tick();
  LONGS_EQUAL(0, ::read(reading.get(), &writer.now, 1));  // the end of the pipe
  CHECK(over.empty());
}
TEST(SoundFeeds, AnotherProcessGoesOnWithTheNextByte) {
  writer.headers("HEAD").units(3, 100).sync().publish(*mount);
  begin();
  writer.bytes(100).sync().publish(*mount);
  tick();
  std::map<std::uint64_t, SoundFeedRecord> saved;
  feeds.rest([&saved](std::map<std::uint64_t, SoundFeedRecord> all) { saved = std::move(all); });
  loop.run_once(false);
  LONGS_EQUAL(1, saved.size());
  writer.bytes(50).publish(*mount);
  rested();
  STRCMP_EQUAL(("HEAD" + pattern_text(300, 400)).c_str(), heard().c_str());
  const SoundFeedRecord& of = saved.find(7)->second;
  SoundFeeds next{loop, [](std::uint64_t) {}};
  next.take_over(9, mount, through_record(of), UniqueFd(::dup(static_cast<int>(of.pipe))));
  feeds.end_all();
  loop.run_once(false);
  tick();
  STRCMP_EQUAL(pattern_text(400, 450).c_str(), heard().c_str());
  CHECK_EQUAL(1U, next.running());
}
TEST(SoundFeeds, OneThatRestsGoesOnWhenNobodyElseDoes) {
  writer.headers("HEAD").units(3, 100).sync().publish(*mount);
  begin();
  STRCMP_EQUAL("HEAD", heard().c_str());
  feeds.rest([](const std::map<std::uint64_t, SoundFeedRecord>&) {});
  loop.run_once(false);
  writer.bytes(100).sync().publish(*mount);
  rested();
  STRCMP_EQUAL("", heard().c_str());
  feeds.go_on();
  loop.run_once(false);
  tick();
  STRCMP_EQUAL(pattern_text(300, 400).c_str(), heard().c_str());
}
