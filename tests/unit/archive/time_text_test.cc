#include "archive/files/time_text.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(TimeText){};

TEST(TimeText, ReadsUnixSecondsAndDates) {
  CHECK(parse_time("1795158000", 0) == 1'795'158'000'000);
  CHECK(parse_time("1795158000.25", 0) == 1'795'158'000'250);
  CHECK(parse_time("2026-11-20T19:00:00Z", 0) == 1'795'201'200'000);
  CHECK(parse_time("2026-11-20T20:00:00+01:00", 0) == 1'795'201'200'000);
  // The '+' of a query that was not encoded.
  CHECK(parse_time("2026-11-20T20:00:00 01:00", 0) == 1'795'201'200'000);
  CHECK(parse_time("2026-11-20T14:00:00.5-05:00", 0) == 1'795'201'200'500);
  CHECK(parse_time("2026-11-20T19:00:00", 0) == 1'795'201'200'000);
}

TEST(TimeText, ReadsTimesFromNow) {
  CHECK(parse_time("-600", 1'000'000) == 400'000);
  CHECK(parse_time("-10m", 1'000'000) == 400'000);
  CHECK(parse_time("now", 5) == 5);
}

TEST(TimeText, RefusesNonsense) {
  for (const char* text :
       {"", "x", "-", "-x", "1e5", "0x10", "1.", ".5", "+5", "2026-11-20", "2026-13-20T00:00:00Z",
        "2026-02-30T00:00:00Z", "2026-11-20T25:00:00Z", "2026-11-20T00:00:00Q",
        "2026-11-20T00:00:00+1:00", "99999999999999999999", "-99999999999", "1795158000\n1"})
    CHECK(!parse_time(text, 1'000'000).has_value());
}

TEST(TimeText, ReadsDurations) {
  CHECK(parse_duration("600") == 600'000);
  CHECK(parse_duration("1.5") == 1500);
  CHECK(parse_duration("10m") == 600'000);
  CHECK(parse_duration("2h") == 7'200'000);
  CHECK(parse_duration("1d") == 86'400'000);
  for (const char* text : {"", "m", "-5", "5w", "99999999999d", "1:00"})
    CHECK(!parse_duration(text).has_value());
}

TEST(TimeText, PrintsTimes) { CHECK(compact_time(1'795'201'200'000) == "20261120-190000"); }
