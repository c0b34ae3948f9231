#include "auth/guard/refusal_log.h"

#include <string>

#include "base/log_book.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;

TEST_GROUP(RefusalLog) {
  FakeClock clock;
  CapturedLog captured{clock};
  RefusalLog refusals{clock, captured.log};
  void guess(const std::string& ip, int times) {
    for (int i = 0; i < times; ++i)
      refusals.warn("source/admission", ip, "source from " + ip + " refused");
  }
  std::size_t lines() const {
    const std::string text = captured.errors();
    std::size_t found = 0;
    for (std::size_t at = text.find(" refused"); at != std::string::npos;
         at = text.find(" refused", at + 1))
      ++found;
    return found;
  }
};

TEST(RefusalLog, AnAddressHasThreeLinesAndThenOneASecond) {
  guess("192.0.2.1", 50);
  LONGS_EQUAL(3, lines());
  guess("192.0.2.2", 1);
  LONGS_EQUAL(4, lines());
  CHECK(captured.says("192.0.2.2 refused (47 refusals before it are not in this log)"));
  clock.advance(std::chrono::seconds(1));
  guess("192.0.2.1", 5);
  LONGS_EQUAL(5, lines());
}
TEST(RefusalLog, AllAddressesTogetherHaveTenASecond) {
  for (int i = 0; i < 500; ++i) guess("10.0." + std::to_string(i) + ".1", 1);
  LONGS_EQUAL(20, lines());
  clock.advance(std::chrono::seconds(1));
  for (int i = 500; i < 999; ++i) guess("10.1." + std::to_string(i) + ".1", 1);
  LONGS_EQUAL(30, lines());
}
