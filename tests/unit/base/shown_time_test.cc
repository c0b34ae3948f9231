#include "base/shown_time.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(ShownTime){};

TEST(ShownTime, IsReadWithItsOffset) {
  constexpr std::int64_t kMs = 1'795'201'200'000;
  for (const char* text :
       {"2026-11-20T19:00", "2026-11-20t19:00:00Z", "2026-11-20 19:00:00.0004z",
        "2026-11-20T20:00+01:00", "2026-11-20T20:00:00 01:00", "2026-11-20T15:30:00-03:30"}) {
    const auto time = parse_shown_time(text);
    CHECK_TEXT(time && time->utc_ms() == kMs, text);
  }
  const auto plain = parse_shown_time("2026-11-20T19:00:00.25");
  CHECK(plain && plain->ms == kMs + 250 && !plain->offset_ms);
  CHECK(parse_shown_time("2026-11-20T19:00:00Z")->offset_ms == 0);
  for (const char* wrong :
       {"", "2026-11-20", "2026-11-20Z", "2026-02-30T00:00", "2026-11-20T24:00", "2026-11-20T1:00",
        "2026-11-20T19:60", "2026-11-20T19:00:61", "2026-11-20T19:00:00.", "2026-11-20T19:00.5",
        "2026-11-20T19:00:00.1234567890", "2026-11-20T19:00+1:00", "2026-11-20T19:00+24:00",
        "2026-11-20T19:00+01:00Z", "2026-11-20T19:00Q", "2026-11-20T-1:00"})
    CHECK_TEXT(!parse_shown_time(wrong), wrong);
}
