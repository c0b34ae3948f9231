#include "config/settings/drain_rate.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(DrainRate){};

TEST(DrainRate, IsANumberASecond) {
  const auto rate = parse_drain_rate(" 20 ");
  CHECK(rate.has_value());
  DOUBLES_EQUAL(20, rate->per_second(1000), 0);
  DOUBLES_EQUAL(0.5, parse_drain_rate("0.5")->per_second(1000), 0);
}
TEST(DrainRate, OrAShare) {
  DOUBLES_EQUAL(20, parse_drain_rate("2%")->per_second(1000), 1e-9);
  DOUBLES_EQUAL(1000, parse_drain_rate("100 %")->per_second(1000), 1e-9);
}
TEST(DrainRate, AndNothingElse) {
  for (const char* text :
       {"", "%", "0", "0%", "-1", "101%", "2%%", "2% ?", "many", "nan", "inf%", "1e400", "2 3"})
    CHECK_TEXT(!parse_drain_rate(text).has_value(), text);
}
