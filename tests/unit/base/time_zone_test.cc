#include "base/time_zone.h"

#include <chrono>
#include <cstdlib>
#include <ctime>
#include <string>

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

constexpr std::string_view kBerlin = "CET-1CEST,M3.5.0,M10.5.0/3";

std::int64_t shown(int year, unsigned month, unsigned day, int hour, int minute = 0) {
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                         std::chrono::day(day)};
  return std::chrono::sys_days(date).time_since_epoch().count() * 86'400 + hour * 3600 +
         minute * 60;
}

TimeZone rule(std::string_view text) {
  auto zone = TimeZone::of_rule(text);
  CHECK_TEXT(zone.has_value(), std::string(text).c_str());
  return zone ? *zone : TimeZone();
}

void put(std::string& out, std::int64_t value, int bytes) {
  for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(value >> (8 * i));
}

std::string head(char version, int times, int types, int letters) {
  std::string out = "TZif";
  out += version;
  out.append(15, '\0');
  for (const int number : {0, 0, 0, times, types, letters}) put(out, number, 4);
  return out;
}

// Two hours ahead until the moment 1000, one hour until 2000, three from then on; then the rule.
std::string zone_file(std::string_view foot) {
  std::string out = head('2', 0, 1, 4);
  put(out, 0, 4);
  out.append(2, '\0').append("UTC", 4);
  out += head('2', 2, 3, 4);
  put(out, 1000, 8);
  put(out, 2000, 8);
  out += '\1';
  out += '\2';
  for (const int hours : {2, 1, 3}) {
    put(out, hours * 3600, 4);
    out.append(2, '\0');
  }
  out.append("XYZ", 4);
  return out.append("\n").append(foot).append("\n");
}

}  // namespace

TEST_GROUP(TimeZones){};
TEST(TimeZones, UtcIsWhatThereIsWithoutARule) {
  LONGS_EQUAL(0, TimeZone().offset_at(1'800'000'000));
  LONGS_EQUAL(1'800'000'000, TimeZone().first_at(1'800'000'000));
  LONGS_EQUAL(1'800'000'000, TimeZone().last_at(1'800'000'000));
}
TEST(TimeZones, SummerTimeFollowsTheRule) {
  const TimeZone berlin = rule(kBerlin);
  LONGS_EQUAL(3600, berlin.offset_at(shown(2027, 3, 28, 0, 59)));
  LONGS_EQUAL(7200, berlin.offset_at(shown(2027, 3, 28, 1)));
  LONGS_EQUAL(7200, berlin.offset_at(shown(2027, 10, 31, 0, 59)));
  LONGS_EQUAL(3600, berlin.offset_at(shown(2027, 10, 31, 1)));
  const TimeZone sydney = rule("AEST-10AEDT,M10.1.0,M4.1.0/3");
  LONGS_EQUAL(39'600, sydney.offset_at(shown(2027, 1, 1, 0)));
  LONGS_EQUAL(36'000, sydney.offset_at(shown(2027, 7, 1, 0)));
  LONGS_EQUAL(39'600, sydney.offset_at(shown(2027, 12, 31, 23)));
}
TEST(TimeZones, OtherFormsOfRules) {
  LONGS_EQUAL(20'700, rule("<+0545>-5:45").offset_at(0));
  LONGS_EQUAL(-10'800, rule("<-03>3").offset_at(0));
  const TimeZone nuuk = rule("<-02>2<-01>,M3.5.0/-1,M10.5.0/0");  // a change on the day before
  LONGS_EQUAL(-7200, nuuk.offset_at(shown(2027, 3, 28, 0, 59)));
  LONGS_EQUAL(-3600, nuuk.offset_at(shown(2027, 3, 28, 1)));
  const TimeZone julian = rule("AAA0BBB,J60/0,J300/0");  // 1 March in leap years, too
  LONGS_EQUAL(0, julian.offset_at(shown(2028, 2, 29, 23)));
  LONGS_EQUAL(3600, julian.offset_at(shown(2028, 3, 1, 0)));
  for (const std::string_view bad :
       {"", "CET", "CE-1", "CET-1CEST", "CET-1CEST,M3.5.0", "CET-1CEST,M13.5.0,M10.5.0",
        "CET-1CEST,M3.5.0,M10.5.0/3x", "CET-x", "<+05-5"})
    CHECK_TEXT(!TimeZone::of_rule(bad).has_value(), std::string(bad).c_str());
}
TEST(TimeZones, ATimeThatClocksLeaveOutIsTheMomentOfTheChange) {
  const TimeZone berlin = rule(kBerlin);
  LONGS_EQUAL(shown(2027, 3, 28, 1), berlin.first_at(shown(2027, 3, 28, 2, 30)));
  LONGS_EQUAL(shown(2027, 3, 28, 1), berlin.last_at(shown(2027, 3, 28, 2, 30)));
  LONGS_EQUAL(shown(2027, 3, 28, 1, 30), berlin.first_at(shown(2027, 3, 28, 3, 30)));
}
TEST(TimeZones, ATimeThatThereIsTwiceHasTwoMoments) {
  const TimeZone berlin = rule(kBerlin);
  LONGS_EQUAL(shown(2027, 10, 31, 0, 30), berlin.first_at(shown(2027, 10, 31, 2, 30)));
  LONGS_EQUAL(shown(2027, 10, 31, 1, 30), berlin.last_at(shown(2027, 10, 31, 2, 30)));
  LONGS_EQUAL(shown(2027, 10, 31, 2), berlin.first_at(shown(2027, 10, 31, 3)));
}
TEST(TimeZones, AFileHasStepsAndARuleBehindThem) {
  const auto zone = TimeZone::parse(zone_file("AAA-4"));
  CHECK(zone.has_value());
  LONGS_EQUAL(2 * 3600, zone->offset_at(999));
  LONGS_EQUAL(3600, zone->offset_at(1000));
  LONGS_EQUAL(4 * 3600, zone->offset_at(2000));
  const auto without = TimeZone::parse(zone_file(""));
  CHECK(without.has_value());
  LONGS_EQUAL(3 * 3600, without->offset_at(2'000'000'000));
}
TEST(TimeZones, WhatIsNoFileIsRefused) {
  const std::string whole = zone_file("AAA-4");
  for (std::size_t length = 0; length < whole.size(); ++length)
    CHECK(!TimeZone::parse(std::string_view(whole).substr(0, length)).has_value());
  std::string bad = whole;
  bad[bad.find(std::string(1, '\2') + std::string(1, '\0'), 100)] =
      '\7';  // a type that is not there
  CHECK(!TimeZone::parse(bad).has_value());
  CHECK(!TimeZone::parse(zone_file("AAA")).has_value());
}
TEST(TimeZones, NamesStayInTheirDirectory) {
  CHECK(find_time_zone("UTC").has_value());
  for (const char* bad : {"../../etc/passwd", "/etc/localtime", "Europe/../UTC", "No/Where", "a b"})
    CHECK_TEXT(!find_time_zone(bad).has_value(), bad);
}
// The library's own reading of the same files, where the machine has them.
TEST(TimeZones, TheMachinesZoneIsThatOfTheLibrary) {
  const auto zone = find_time_zone("");
  CHECK(zone.has_value());
  for (std::int64_t moment = 0; moment < 2'500'000'000; moment += 1'000'003) {
    const auto time = static_cast<std::time_t>(moment);
    std::tm parts{};
    ::localtime_r(&time, &parts);
    LONGS_EQUAL(parts.tm_gmtoff, (*zone)->offset_at(moment));
  }
}
