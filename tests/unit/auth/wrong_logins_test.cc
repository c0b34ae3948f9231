#include "auth/guard/wrong_logins.h"

// Last, because it redefines `new`.
#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace std::chrono_literals;

TEST_GROUP(WrongLogins) {
  FakeClock clock;
  WrongLogins logins{clock};
  void setup() override { clock.advance(1h); }
};

TEST(WrongLogins, OneLineAMinuteAboutNobodyAndTheCountOfTheRest) {
  for (int minute = 0; minute < 3; ++minute) {
    CHECK(logins.takes_line(false));
    for (int i = 0; i < 1000; ++i) CHECK(!logins.takes_line(false));
    clock.advance(59s);
    CHECK(!logins.left_out());
    clock.advance(1s);
    const auto left_out = logins.left_out();
    CHECK(left_out.has_value());
    LONGS_EQUAL(1000, left_out->of_nobody);
    LONGS_EQUAL(0, left_out->of_users);
    CHECK(!logins.left_out());
  }
}
TEST(WrongLogins, UsersHaveLinesOfTheirOwnUpToABound) {
  for (int i = 0; i < 100; ++i) logins.takes_line(false);
  for (unsigned i = 0; i < WrongLogins::kOfUsers; ++i) CHECK(logins.takes_line(true));
  CHECK(!logins.takes_line(true));
  clock.advance(1min);
  // Nobody has asked for the count yet: it goes on.
  CHECK(!logins.takes_line(true));
  const auto left_out = logins.left_out();
  CHECK(left_out.has_value());
  LONGS_EQUAL(2, left_out->of_users);
  LONGS_EQUAL(99, left_out->of_nobody);
  CHECK(logins.takes_line(true));
}
TEST(WrongLogins, NothingLeftOutIsNoLine) {
  CHECK(logins.takes_line(true));
  clock.advance(2min);
  CHECK(!logins.left_out());
}
