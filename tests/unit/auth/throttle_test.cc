#include "auth/guard/throttle.h"

#include <string>
#include <thread>
#include <vector>

#include "base/through_record.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(PasswordThrottle) {
  FakeClock clock;
  PasswordThrottle throttle{clock};
  static Address at(const char* ip) { return *Address::parse(ip, 1234); }
  void guess(const Address& peer, const std::string& user, int times) {
    for (int i = 0; i < times; ++i) throttle.wrong(peer, user);
  }
};

TEST(PasswordThrottle, TwentyGuessesAreFree) {
  const Address peer = at("192.0.2.1");
  for (int i = 0; i < 20; ++i) {
    CHECK(!throttle.blocked(peer, "admin").has_value());
    throttle.wrong(peer, "admin");
  }
  CHECK(throttle.blocked(peer, "admin").has_value());
  LONGS_EQUAL(1, throttle.blocked(peer, "admin")->count());
}
TEST(PasswordThrottle, ThenTwoASecond) {
  const Address peer = at("192.0.2.1");
  guess(peer, "admin", 20);
  int judged = 0;
  for (int i = 0; i < 1000; ++i) {
    clock.advance(std::chrono::milliseconds(10));
    if (throttle.blocked(peer, "admin")) continue;
    ++judged;
    throttle.wrong(peer, "admin");
  }
  LONGS_EQUAL(20, judged);
}
TEST(PasswordThrottle, AskingCostsNothing) {
  const Address peer = at("192.0.2.1");
  for (int i = 0; i < 1000; ++i) CHECK(!throttle.blocked(peer, "admin").has_value());
}
TEST(PasswordThrottle, OtherAddressesAndOtherNamesAreNotTouched) {
  guess(at("192.0.2.1"), "admin", 20);
  CHECK(throttle.blocked(at("192.0.2.1"), "admin").has_value());
  CHECK(!throttle.blocked(at("192.0.2.2"), "admin").has_value());
  CHECK(!throttle.blocked(at("192.0.2.1"), "source").has_value());
}
TEST(PasswordThrottle, ThePortDoesNotCount) {
  guess(*Address::parse("192.0.2.1", 1), "admin", 20);
  CHECK(throttle.blocked(*Address::parse("192.0.2.1", 2), "admin").has_value());
}
TEST(PasswordThrottle, AGuesserHasAllOfHisIpv6Network) {
  for (int i = 0; i < 20; ++i)
    throttle.wrong(at(("2001:db8:1:2::" + std::to_string(i)).c_str()), "admin");
  CHECK(throttle.blocked(at("2001:db8:1:2:ffff::1"), "admin").has_value());
  CHECK(!throttle.blocked(at("2001:db8:1:3::1"), "admin").has_value());
}
TEST(PasswordThrottle, ForgetsAfterTenSeconds) {
  const Address peer = at("192.0.2.1");
  guess(peer, "admin", 20);
  clock.advance(std::chrono::seconds(10));
  for (int i = 0; i < 20; ++i) {
    CHECK(!throttle.blocked(peer, "admin").has_value());
    throttle.wrong(peer, "admin");
  }
}
TEST(PasswordThrottle, OverdrawingIsBounded) {
  const Address peer = at("192.0.2.1");
  guess(peer, "admin", 100'000);
  LONGS_EQUAL(11, throttle.blocked(peer, "admin")->count());
}
TEST(PasswordThrottle, ManyThreadsMayGuessAtOnce) {
  const Address peer = at("192.0.2.1");
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back([&] { guess(peer, "admin", 5); });
  for (std::thread& thread : threads) thread.join();
  CHECK(throttle.blocked(peer, "admin").has_value());
}
TEST(PasswordThrottle, WhatIsOnlyComparedIsJudgedMuchLonger) {
  const Address peer = at("192.0.2.1");
  guess(peer, "admin", 999);
  CHECK(throttle.blocked(peer, "admin").has_value());
  CHECK(!throttle.shut_out(peer, "admin", "x").has_value());
  guess(peer, "admin", 1);
  CHECK(throttle.shut_out(peer, "admin", "x").has_value());
  CHECK(!throttle.shut_out(peer, "source", "x").has_value());
}
TEST(PasswordThrottle, ASteadyFloodIsComparedTwentyTimesASecond) {
  const Address peer = at("192.0.2.1");
  guess(peer, "admin", 1000);
  int judged = 0;
  for (int i = 0; i < 10'000; ++i) {
    clock.advance(std::chrono::milliseconds(1));
    if (throttle.shut_out(peer, "admin", "x")) continue;
    ++judged;
    if (throttle.blocked(peer, "admin"))
      throttle.wrong_again(peer, "admin");
    else
      throttle.wrong(peer, "admin");
  }
  CHECK_TEXT(judged >= 195 && judged <= 205, std::to_string(judged).c_str());
}
TEST(PasswordThrottle, AnOldEncoderThatTriesTenTimesASecondShutsNoOtherOut) {
  const Address peer = at("192.0.2.1");
  for (int i = 0; i < 36'000; ++i) {
    clock.advance(std::chrono::milliseconds(100));
    throttle.wrong(peer, "source");
    CHECK(!throttle.shut_out(peer, "source", "never seen before").has_value());
  }
}
TEST(PasswordThrottle, WhatWasRightBeforeFromThereIsJudgedInAnyFlood) {
  const Address peer = at("192.0.2.1");
  throttle.right(peer, "source", "old password");
  throttle.right(peer, "source", "password");
  guess(peer, "source", 100'000);
  guess(at("192.0.2.2"), "source", 100'000);
  CHECK(!throttle.shut_out(peer, "source", "password").has_value());
  CHECK(throttle.shut_out(peer, "source", "passwore").has_value());
  CHECK(throttle.shut_out(at("192.0.2.2"), "source", "password").has_value());
}
// Another process goes on with what has been counted.
TEST(PasswordThrottle, AHandOverGivesNoNewGuesses) {
  const Address peer = at("192.0.2.1");
  throttle.right(peer, "source", "hackme");
  guess(peer, "admin", 20);
  guess(peer, "source", PasswordThrottle::kFreeComparisons);
  PasswordThrottle next{clock};
  next.restore(test::through_record(throttle.save()));
  CHECK(next.blocked(peer, "admin").has_value());
  CHECK(!next.blocked(at("192.0.2.2"), "admin").has_value());
  CHECK(next.shut_out(peer, "source", "wrong").has_value());
  CHECK(!next.shut_out(peer, "source", "hackme").has_value());
  clock.advance(std::chrono::seconds(1));
  CHECK(!next.blocked(peer, "admin").has_value());
}
TEST(PasswordThrottle, WhatAHandOverSaysIsBounded) {
  ThrottleRecord saved = throttle.save();
  saved.places.push_back({70'000, 1'000'000'000'000, 1});
  for (std::uint32_t i = 0; i < 65'536; ++i) saved.places.push_back({i, 1'000'000'000'000, 0});
  throttle.restore(saved);
  CHECK(throttle.blocked(at("192.0.2.1"), "admin")->count() <= 20);
}
