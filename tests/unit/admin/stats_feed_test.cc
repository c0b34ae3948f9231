#include "admin/feed/stats_feed.h"

#include <sys/socket.h>
#include <unistd.h>

#include <deque>
#include <optional>

#include "admin/fake_station.h"
#include "admin/stream_reader.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using lb::test::StreamReader;

TEST_GROUP(StatsFeed) {
  FakeClock clock;
  Loop loop{0, clock};
  FakeStation station;
  StatsFeed feed{loop, station};
  std::optional<std::uint64_t> ended;

  void follow(StreamReader & pipe, Followers::Scope scope = {}) {
    feed.add(
        std::move(pipe.transport), "HEAD\r\n\r\n", [this](std::uint64_t bytes) { ended = bytes; },
        std::move(scope));
  }
  void tick() { loop.run_once(true); }
};

TEST(StatsFeed, GivesANewFollowerTheWholeDocument) {
  station.document.globals["admin"] = "a@b";
  StreamReader pipe;
  follow(pipe);
  STRCMP_EQUAL("HEAD\r\n\r\nEVENT global admin a@b\n", pipe.received().c_str());
  CHECK_EQUAL(1u, feed.followers());
}

TEST(StatsFeed, GivesThenOnlyWhatChanges) {
  station.document.globals["clients"] = "1";
  StreamReader pipe;
  follow(pipe);
  pipe.received();
  tick();
  STRCMP_EQUAL("", pipe.received().c_str());
  station.document.globals["clients"] = "2";
  tick();
  STRCMP_EQUAL("EVENT global clients 2\n", pipe.received().c_str());
}

TEST(StatsFeed, CostlyDocumentsAreMadeLessOften) {
  StreamReader pipe;
  station.news_cost = std::chrono::milliseconds(40);
  follow(pipe);
  tick();  // armed before the first one had come
  LONGS_EQUAL(2, station.documents);
  const SteadyTime before = system_clock().steady();
  tick();
  LONGS_EQUAL(3, station.documents);
  CHECK(system_clock().steady() - before >= std::chrono::milliseconds(790));
}

TEST(StatsFeed, AFollowerThatComesLaterTakesNothingFromTheOthers) {
  station.document.globals["clients"] = "1";
  StreamReader first, second;
  follow(first);
  first.received();
  station.document.globals["clients"] = "2";
  follow(second);
  STRCMP_EQUAL("EVENT global clients 2\n", first.received().c_str());
  STRCMP_EQUAL("HEAD\r\n\r\nEVENT global clients 2\n", second.received().c_str());
}

TEST(StatsFeed, AFollowerMayBeShownNoAddresses) {
  station.document.sources.push_back(
      {"/a", false, true, {{"source_ip", "192.0.2.7"}, {"listeners", "3"}}});
  Followers::Scope scope;
  scope.addresses = false;
  StreamReader pipe;
  follow(pipe, scope);
  STRCMP_EQUAL("HEAD\r\n\r\nEVENT /a listeners 3\n", pipe.received().c_str());
  station.document.sources[0].fields = {{"source_ip", "192.0.2.8"}, {"listeners", "4"}};
  tick();
  STRCMP_EQUAL("EVENT /a listeners 4\n", pipe.received().c_str());
}
TEST(StatsFeed, AFollowerWhoseLoginEndsIsSentAway) {
  Followers::Scope scope;
  scope.holds = [] { return false; };
  StreamReader pipe;
  follow(pipe, scope);
  CHECK_EQUAL(0u, feed.followers());
  CHECK(ended.has_value());
}

TEST(StatsFeed, ForgetsAFollowerThatHasClosed) {
  station.document.globals["clients"] = "1";
  StreamReader pipe;
  follow(pipe);
  pipe.peer.reset();
  loop.run_once(true);
  CHECK_EQUAL(0u, feed.followers());
  CHECK(ended.has_value() && *ended == 8 + 23);
}

TEST(StatsFeed, DropsAFollowerThatDoesNotRead) {
  StreamReader pipe(4096);
  follow(pipe);
  for (int i = 0; i < 200 && !ended; ++i) {
    for (int j = 0; j < 8000; ++j)
      station.document.globals["key" + std::to_string(j)] =
          std::to_string(i) + std::string(100, 'v');
    tick();
  }
  CHECK(ended.has_value());
  CHECK_EQUAL(0u, feed.followers());
}

TEST(StatsFeed, AsksForOneDocumentAtATime) {
  station.document.globals["clients"] = "1";
  StreamReader pipe;
  follow(pipe);
  pipe.received();
  station.later = true;
  tick();
  tick();
  tick();
  CHECK_EQUAL(1u, station.waiting.size());
  station.waiting.front()();
  station.waiting.pop_front();
  tick();
  CHECK_EQUAL(1u, station.waiting.size());
}

TEST(StatsFeed, AFollowerThatComesWhileADocumentIsMadeIsGreetedByTheNext) {
  station.document.globals["clients"] = "1";
  StreamReader first, second;
  follow(first);
  first.received();
  station.later = true;
  tick();
  follow(second);
  CHECK_EQUAL(1u, station.waiting.size());
  station.document.globals["clients"] = "2";
  station.waiting.front()();
  station.waiting.pop_front();
  STRCMP_EQUAL("", second.received().c_str());
  CHECK_EQUAL(1u, station.waiting.size());
  station.waiting.front()();
  station.waiting.pop_front();
  STRCMP_EQUAL("HEAD\r\n\r\nEVENT global clients 2\n", second.received().c_str());
  STRCMP_EQUAL("EVENT global clients 2\n", first.received().c_str());
}
