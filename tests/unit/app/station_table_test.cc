#include "app/pages/station_table.h"

#include "app/pages/page_cache.h"
#include "app/test_server.h"

// Last, because it redefines `new`.
#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;

TEST_GROUP(StationTable) {
  TestServer server;

  std::shared_ptr<const ShownStreams> shown(const Config& config) {
    return server.services().pages->stations().shown(server.services(), config);
  }
  std::shared_ptr<const ShownStreams> shown() { return shown(*server.config()); }
};

TEST(StationTable, IsTheSameUntilAMountComesOrGoes) {
  server.start();
  auto first = server.source("/b.mp3");
  const auto one = shown();
  CHECK(one == shown());
  auto second = server.source("/a.mp3");
  const auto two = shown();
  CHECK(one != two);
  CHECK(two == shown());
  CHECK_EQUAL(1U, one->names.size());
  CHECK_EQUAL(2U, two->numbers.at("/b.mp3"));
  STRCMP_EQUAL("a", two->station_of.at("/a.mp3")->id.c_str());
  STRCMP_EQUAL("b", find_shown_station(two->stations, "2")->id.c_str());
}
TEST(StationTable, IsOfTheConfigurationThatItIsAskedWith) {
  auto source = server.start().source("/a.mp3");
  const auto before = shown();
  Config earlier = *server.config();
  earlier.shoutcast_mount = "/z.mp3";
  earlier.stations.emplace_back().id = "rock";
  earlier.stations.back().mounts = {"/a.mp3", "/z.mp3"};
  STRCMP_EQUAL("rock", shown(earlier)->station_of.at("/a.mp3")->id.c_str());
  CHECK(shown(earlier) != shown(earlier));
  CHECK(before == shown());
}
TEST(StationTable, KeepsNoTableOfMounts) {
  auto source = server.start().source("/a.mp3");
  const std::weak_ptr<const MountTable::Rows> rows = server.services().mounts.all();
  shown();
  auto other = server.source("/b.mp3");
  CHECK(rows.expired());
}
