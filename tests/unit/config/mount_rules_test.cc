#include "config/load/mount_rules.h"

#include <map>

#include "config/settings/config.h"

// Last, because it redefines `new`.
#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

std::string circle(const std::map<std::string, std::string>& fallbacks, std::string_view from) {
  return fallback_fault(from, [&](std::string_view mount) {
    const auto at = fallbacks.find(std::string(mount));
    return at == fallbacks.end() ? std::string() : at->second;
  });
}

}  // namespace

TEST_GROUP(MountRules){};

TEST(MountRules, FallbacksThatEndAreNoCircle) {
  CHECK_EQUAL(std::string(), circle({}, "/a"));
  CHECK_EQUAL(std::string(), circle({{"/a", "/b"}, {"/b", "/c"}}, "/a"));
}
TEST(MountRules, ACircleNamesItsMounts) {
  CHECK_EQUAL(std::string("\"/a\" falls back to itself"), circle({{"/a", "/a"}}, "/a"));
  CHECK_EQUAL(std::string("\"/a\" falls back to \"/b\", \"/b\" to \"/c\", \"/c\" to \"/a\": a "
                          "circle, in which no listener finds a stream"),
              circle({{"/a", "/b"}, {"/b", "/c"}, {"/c", "/a"}}, "/a"));
}
TEST(MountRules, ACircleFurtherOnBelongsToItsOwnMounts) {
  CHECK_EQUAL(std::string(), circle({{"/a", "/b"}, {"/b", "/c"}, {"/c", "/b"}}, "/a"));
}
TEST(MountRules, AnEndlessChainEnds) {
  const std::string fault =
      fallback_fault("/0", [](std::string_view mount) { return std::string(mount) + "x"; });
  CHECK_EQUAL(std::string(), fault);
}
TEST(MountRules, NamesThatTheFileUsesWithoutAMountOfThem) {
  Config file;
  file.default_mount.suspended_mount = "/off";
  file.relays.emplace_back().local_mount = "/news";
  file.paths.aliases.push_back({"/radio", "/live", 0, ""});
  file.stations.emplace_back().mounts = {"/rock"};
  file.listen.emplace_back().shoutcast_compat = true;
  file.mounts.emplace_back().name = "/studio/*";
  file.mounts.back().authenticator.type = "htpasswd";
  file.mounts.emplace_back().name = "/*";
  file.mounts.back().fallback_mount = "/jingles";
  file.mounts.back().archive.enabled = true;
  const auto use = [&](std::string_view mount) { return std::string(use_in_file(file, mount)); };
  CHECK_EQUAL(std::string("relay"), use("/news"));
  for (const char* name : {"/off", "/jingles", "/studio/a"})
    CHECK_EQUAL(std::string("mount"), use(name));
  CHECK_EQUAL(std::string("alias"), use("/live"));
  CHECK_EQUAL(std::string("station"), use("/rock"));
  CHECK_EQUAL(std::string("shoutcast-mount"), use("/stream"));
  for (const char* name : {"/radio", "/other", "/studio/a/b"})
    CHECK_EQUAL(std::string(), use(name));
}
TEST(MountRules, HlsIsNotOfNamesOfOtherFormats) {
  for (const char* name : {"/a.ogg", "/a.OPUS", "/live/b.webm", "/c.flac"})
    CHECK_TEXT(!hls_fault(name).empty(), name);
  for (const char* name : {"/a.mp3", "/a.aac", "/live", "/ogg", "/.ogg2", "/a.ogg.mp3"})
    CHECK_TEXT(hls_fault(name).empty(), name);
}
TEST(MountRules, HoursEndAfterTheyBegin) {
  RecordLogin login;
  CHECK(hours_fault(login).empty());
  login.from = 200;
  CHECK(hours_fault(login).empty());
  login.until = 201;
  CHECK(hours_fault(login).empty());
  login.until = 200;
  CHECK_EQUAL(std::string("ends (until 200) before it begins (from 200); it could never be used"),
              hours_fault(login));
}
TEST(MountRules, WeeklyHoursAreOfDaysAndTimes) {
  RecordLogin login;
  login.hours = {{{"mon", "sun"}, "20:00", "24:00"}, {{}, "22:00", "02:00"}};
  CHECK(weekly_hours_faults(login).empty());
  login.hours = {
      {{"mon", "someday"}, "20:00", "22:00"}, {{}, "24:00", "25:00"}, {{}, "8:00", "08:00"}};
  const auto faults = weekly_hours_faults(login);
  LONGS_EQUAL(4, faults.size());
  CHECK_EQUAL(std::string("/hours/0/days/1"), faults[0].first);
  CHECK_EQUAL(std::string("\"someday\" is not one of mon tue wed thu fri sat sun"),
              faults[0].second);
  CHECK_EQUAL(std::string("/hours/1/from"), faults[1].first);
  CHECK_EQUAL(std::string("/hours/1/until"), faults[2].first);
  CHECK_EQUAL(std::string("/hours/2/until"), faults[3].first);
}
TEST(MountRules, ZonesAreThoseOfTheMachine) {
  RecordLogin login;
  CHECK(zone_fault(login).empty());
  login.zone = "UTC";
  CHECK(zone_fault(login).empty());
  login.zone = "Mars/Phobos";
  CHECK(zone_fault(login).starts_with("\"Mars/Phobos\" is not a time zone"));
}
