#include <cstdlib>
#include <string>

#include "admin/fake_station.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

// 2026-11-21T20:00:00Z
constexpr std::int64_t kEvening = 1'795'291'200'000, kMinute = 60'000;

}  // namespace

TEST_GROUP(CommandsArchive) {
  FakeStation station;
  void setup() override {
    ::setenv("TZ", "UTC", 1);
    station.archive_sight.on = true;
    station.archive_sight.mounts = {
        {"/a b.mp3",
         1'234'567,
         {{{kEvening - 24 * 60 * kMinute, kEvening + 10 * kMinute, 1'000'000}, {"here"}}}}};
    station.archive_sight.titles = {{kEvening, "News"}, {kEvening + 5 * kMinute, "Music <1>"}};
  }
  std::string page(const std::string& query) { return ask(station, "/admin/archive" + query).body; }
  bool has(const std::string& query, const std::string& words) {
    return page(query).find(words) != std::string::npos;
  }
};

TEST(CommandsArchive, AllMountsAreShown) {
  CHECK(has("",
            "<source mount=\"/a b.mp3\"><size>1.2 MB</size><ranges>1</ranges>"
            "<oldest>2026-11-20 20:00</oldest><newest>2026-11-21 20:10</newest></source>"));
  station.archive_sight = {};
  CHECK(!has("", "<archive>"));
}
TEST(CommandsArchive, WhereOtherNodesHaveRecordedItIsShown) {
  CHECK(!has("?mount=/a%20b.mp3", "<where>"));
  station.archive_sight.mounts.front().ranges.push_back(
      {{kEvening + 12 * kMinute, kEvening + 14 * kMinute, 0}, {"edge1", "edge2"}});
  CHECK(has("", "<newest>2026-11-21 20:14</newest><where>here</where><where>edge1</where>"));
  CHECK(has("?mount=/a%20b.mp3", "<seconds>120</seconds><where>edge1</where><where>edge2</where>"));
  // Without an archive of its own.
  station.archive_sight.on = false;
  station.archive_sight.mounts.front().bytes = 0;
  CHECK(has("", "<source mount=\"/a b.mp3\"><ranges>2</ranges>"));
}
TEST(CommandsArchive, AMountIsShownByDaysTheNewestFirst) {
  CHECK(has("?mount=/a%20b.mp3",
            "<day name=\"2026-11-21\"><current>1</current></day><day name=\"2026-11-20\"></day>"));
  CHECK(has("?mount=/a%20b.mp3&day=2026-11-20", "<from>1795204800.000</from>"));
  CHECK(has("?mount=/a%20b.mp3&day=2026-11-20", "<end>00:00:00</end>"));
  CHECK(!has("?mount=/a%20b.mp3&day=2020-01-01", "<range>"));
  CHECK(has("?mount=/a%20b.mp3&day=nonsense", "<date>2026-11-21</date>"));
}
TEST(CommandsArchive, AProgrammeLastsUntilTheNextTitle) {
  CHECK(has("?mount=/a%20b.mp3",
            "<programme><from>1795291200.000</from><to>1795291500.000</to><begin>20:00:00</begin>"
            "<end>20:05:00</end><when>2026-11-21T20:00:00+0000</when><seconds>300</seconds>"
            "<title>News</title>"));
  CHECK(has("?mount=/a%20b.mp3", "<to>1795291800.000</to><begin>20:05:00</begin>"));
  CHECK(has("?mount=/a%20b.mp3", "<title>Music &lt;1&gt;</title>"));
}
TEST(CommandsArchive, WhatIsPlayedIsInTheAddress) {
  CHECK(has("?mount=/a%20b.mp3&play=1795291200.5-1795291210", "<play><from>1795291200.500</from>"));
  for (const char* wrong : {"1-", "-2", "x-y", "9-3", "1-999999", "1.2345-3"})
    CHECK(!has(std::string("?mount=/a%20b.mp3&play=") + wrong, "<play>"));
}
TEST(CommandsArchive, ARangeIsDeletedWithTheFileThatEndsALittleLater) {
  CHECK(has("?action=delete&mount=/a%20b.mp3&from=1795291200&to=1795291500.25",
            "<message>3 files were deleted</message>"));
  STRCMP_EQUAL("remove_recorded /a b.mp3 1795291200000 1795291502250", station.done.at(0).c_str());
  LONGS_EQUAL(400, ask(station, "/admin/archive?action=delete&mount=/a&from=2&to=1").status);
  LONGS_EQUAL(400, ask(station, "/admin/archive?action=other&mount=/a&from=1&to=2").status);
  LONGS_EQUAL(401, ask(station, "/admin/archive", AdminRole::kSource).status);
}
