#include "app/pages/now_feeds.h"

#include "app/test_server.h"

// Last, because it redefines `new`.
#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

TEST_GROUP(NowFeeds) {
  TestServer server;

  void start(const std::string& inside = {}) {
    server.start(inside +
                 "<mount><mount-name>/live.mp3</mount-name></mount>"
                 "<mount><mount-name>/rock.mp3</mount-name></mount>");
  }
  // As many addresses as it takes to begin all sets.
  static std::string address(std::size_t set) {
    return "192.0.2." + std::to_string(1 + set / NowFeeds::kMaxSetsOfAddress);
  }
  static std::string target(const std::string& subs) {
    return "/api/live/nowplaying/sse?cf_connect=" +
           percent_encode("{\"subs\":{" + subs + "}}", false);
  }
  static std::string set(std::size_t number) {
    return target("\"station:live\":{},\"global:" + std::to_string(number) + "\":{}");
  }
  int status(const std::string& of, const std::string& ip) { return server.get(of, {}, ip).status; }
  std::vector<TestServer::Client> open_sets(std::size_t count) {
    std::vector<TestServer::Client> readers;
    for (std::size_t i = 0; i < count; ++i) {
      readers.push_back(server.open(set(i), {}, address(i)));
      CHECK_EQUAL(200, readers.back().reply().status);
    }
    return readers;
  }
  bool has(const std::string& key) {
    return server.services().now_feeds->find(key).feed != nullptr;
  }
  bool has_set(std::size_t number) {
    return has("http://radio.test:8000 global:" + std::to_string(number) + " station:live");
  }
};

TEST(NowFeeds, ASetWithoutReadersKeepsNoReaderOut) {
  start();
  for (std::size_t i = 0; i < 2 * NowFeeds::kMaxSets; ++i) {
    CHECK_EQUAL(200, status(set(i), address(i)));
    server.clock.advance(10ms);
  }
  // The one that was read longest ago ended for each new one.
  CHECK(!has_set(NowFeeds::kMaxSets - 1));
  CHECK(has_set(NowFeeds::kMaxSets));
}
TEST(NowFeeds, ASetWithReadersStays) {
  start();
  auto reader = server.open(set(1000), {}, "198.51.100.1");
  for (std::size_t i = 0; i < NowFeeds::kMaxSets; ++i) CHECK_EQUAL(200, status(set(i), address(i)));
  CHECK(has_set(1000));
  CHECK(!reader.finished());
}
TEST(NowFeeds, AllSetsHaveReaders) {
  start();
  auto readers = open_sets(NowFeeds::kMaxSets);
  CHECK_EQUAL(503, status(set(1000), "198.51.100.1"));
  CHECK_EQUAL(200, status(set(0), "198.51.100.1"));
  readers[5].close();
  CHECK_EQUAL(200, status(set(1000), "198.51.100.1"));
  CHECK(!has_set(5));
}
TEST(NowFeeds, AnAddressBeginsAQuarterOfTheSets) {
  start();
  std::vector<TestServer::Client> readers;
  for (std::size_t i = 0; i < NowFeeds::kMaxSetsOfAddress; ++i)
    readers.push_back(server.open(set(i), {}, "192.0.2.1"));
  CHECK_EQUAL(503, status(set(1000), "192.0.2.1"));
  auto other = server.open(set(1000), {}, "192.0.2.2");
  CHECK_EQUAL(200, other.reply().status);
  // It may read what others have begun.
  CHECK_EQUAL(200, status(set(1000), "192.0.2.1"));
  readers.pop_back();
  CHECK_EQUAL(200, status(set(1001), "192.0.2.1"));
}
TEST(NowFeeds, OneAddressEndsItsOwnSetsFirst) {
  start();
  CHECK_EQUAL(200, status(set(1000), "198.51.100.1"));
  for (std::size_t i = 0; i < 2 * NowFeeds::kMaxSets; ++i)
    CHECK_EQUAL(200, status(set(i), "192.0.2.1"));
  CHECK(has_set(1000));
}
TEST(NowFeeds, AStationByItsOwnNamesIsNoSet) {
  start();
  const auto readers = open_sets(NowFeeds::kMaxSets);
  const std::string ip = "198.51.100.1", time = ",\"global:time\":{}";
  for (const char* station : {"\"station:rock\":{}", "\"station:2\":{}"}) {
    CHECK_EQUAL(200, status(target(station), ip));
    CHECK_EQUAL(200, status(target(station + time), ip));
  }
  // By any other name of this server too, for which the configured one stands in.
  CHECK_EQUAL(200, server
                       .ask("GET " + target("\"station:rock\":{}") +
                                " HTTP/1.1\r\nHost: other.test:80\r\n\r\n",
                            ip)
                       .status);
  // Of these there are any number.
  CHECK_EQUAL(503, status(target("\"station:02\":{}"), ip));
  CHECK_EQUAL(503, status(target("\"station:rock\":{},\"station:live\":{}"), ip));
}
TEST(NowFeeds, AStationHasOneFeedOfEvents) {
  start();
  for (const char* name : {"rock", "2", "002"})
    CHECK_EQUAL(200, status("/api/v1/now/station:" + std::string(name) + "/events", "192.0.2.1"));
  CHECK(has("/api/v1/now/station:rock/events"));
  CHECK(!has("/api/v1/now/station:2/events"));
  CHECK(!has("/api/v1/now/station:002/events"));
}
TEST(NowFeeds, FeedsOfStreamsWithoutReadersAreBounded) {
  std::string mounts;
  const auto name = [](std::size_t i) { return "/m" + std::to_string(i) + ".mp3"; };
  for (std::size_t i = 0; i < NowFeeds::kMaxUnread + 8; ++i)
    mounts += "<mount><mount-name>" + name(i) + "</mount-name></mount>";
  start(mounts);
  auto reader = server.open("/api/v1/now/live.mp3/events");
  for (std::size_t i = 0; i < NowFeeds::kMaxUnread + 8; ++i) {
    CHECK_EQUAL(200, status("/api/v1/now" + name(i) + "/events", "192.0.2.1"));
    server.clock.advance(10ms);
  }
  CHECK(!has(name(7)));
  CHECK(has(name(8)));
  CHECK(has("/live.mp3"));
  CHECK(!reader.finished());
}
TEST(NowFeeds, ARefusedReaderMakesNoFeed) {
  start("<now per-address=\"1\"/>");
  auto reader = server.open("/api/v1/now/live.mp3/events");
  CHECK_EQUAL(200, reader.reply().status);
  CHECK_EQUAL(503, server.get("/api/v1/now/rock.mp3/events").status);
  CHECK(!has("/rock.mp3"));
  LONGS_EQUAL(1, server.services().now_feeds->readers());
  reader.close();
  CHECK_EQUAL(200, server.get("/api/v1/now/rock.mp3/events").status);
  CHECK(server.until([this] { return server.services().now_feeds->readers() == 0; }));
}
