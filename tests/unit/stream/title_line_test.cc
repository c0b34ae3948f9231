#include "stream/source/title_line.h"

#include <cstdlib>
#include <ctime>
#include <string>

#include "base/json.h"

// Last, because it redefines `new`.
#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

const WallTime kNow{std::chrono::seconds(1'700'000'000)};

}  // namespace

TEST_GROUP(TitleLine){void setup() override{::setenv("TZ", "UTC", 1);
::tzset();
}
void teardown() override {
  ::unsetenv("TZ");
  ::tzset();
}
}
;
TEST(TitleLine, IsIcecastsLine) {
  CHECK(title_line(LogFormat::kText, {"/live.mp3", 73, "Artist - Title"}, kNow) ==
        "14/Nov/2023:22:13:20 +0000|/live.mp3|73|Artist - Title");
}
TEST(TitleLine, IsJsonWhereThatIsWanted) {
  CHECK(title_line(LogFormat::kJson, {"/live.mp3", 73, "A \"b\" \xc3\xa9\n"}, kNow) ==
        "{\"time\":\"2023-11-14T22:13:20+00:00\",\"mount\":\"/live.mp3\",\"listeners\":73,"
        "\"title\":\"A \\\"b\\\" \xc3\xa9\\u000a\"}");
}
TEST(TitleLine, JsonIsWholeHoweverLongTheTitleIs) {
  for (const char* unit : {"x", "\x01", "\xff", "\xc3\xa9"}) {
    std::string title;
    while (title.size() < 20000) title += unit;
    const std::string line = title_line(LogFormat::kJson, {"/m", 0, title}, kNow);
    CHECK(line.size() <= Log::kMaxBytes);
    CHECK(line.size() > 1500);
    const auto json = Json::parse(line);
    CHECK(json.has_value());
    CHECK(json->at("mount").text() == "/m");
    CHECK(json->at("listeners").u64() == 0u);
  }
}
