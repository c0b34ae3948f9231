#include "base/clock.h"

#include <cstdlib>
#include <string>

#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(Clock){void setup() override{::setenv("TZ", "UTC", 1);
::tzset();
}
}
;

TEST(Clock, WritesTimesInUtc) {
  constexpr std::int64_t kMs = 1'795'201'200'999;
  CHECK(utc_text(kMs, UtcForm::kDay) == "2026-11-20");
  CHECK(utc_text(kMs, UtcForm::kMinute) == "2026-11-20T19:00Z");
  CHECK(utc_text(kMs, UtcForm::kSecond) == "2026-11-20T19:00:00Z");
  CHECK(utc_text(kMs, UtcForm::kMs) == "2026-11-20T19:00:00.999Z");
  CHECK(utc_text(-1, UtcForm::kMs) == "1969-12-31T23:59:59.999Z");
  CHECK(utc_text(253'402'300'799'000, UtcForm::kSecond) == "9999-12-31T23:59:59Z");
}

TEST(Clock, PutsTheLocalTimeIntoAText) {
  const WallTime when{std::chrono::seconds(1'700'000'000)};
  STRCMP_EQUAL("/d/2023-11-14_22.mp3", local_text(when, "/d/%Y-%m-%d_%H.mp3").c_str());
  STRCMP_EQUAL("/plain.mp3", local_text(when, "/plain.mp3").c_str());
  STRCMP_EQUAL("", local_text(when, "").c_str());
  STRCMP_EQUAL("", local_text(when, std::string(5000, 'x').c_str()).c_str());
}

TEST(Clock, KnowsDays) {
  CHECK(parse_day("2026-11-20")->time_since_epoch().count() == 20'777);
  for (const char* wrong : {"2026-11-2", "2026/11/20", "..........", "2026-02-29", "2026-13-01",
                            "2026-11-20T", "", "+026-11-20"})
    CHECK_TEXT(!parse_day(wrong), wrong);
}
