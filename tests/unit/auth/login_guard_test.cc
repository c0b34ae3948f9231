#include "auth/login_guard.h"

#include <string>

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace std::chrono_literals;

TEST_GROUP(LoginGuard) {
  FakeClock clock;
  LoginGuard guard{clock};
  void setup() override { guard.set_key("key"); }
  static Address at(int i) {
    return *Address::parse("192.0." + std::to_string(i / 250) + "." + std::to_string(i % 250), 1);
  }
  bool may(int address, const std::string& user = "anna") {
    return !guard.enter(user, at(address)).has_value();
  }
  int guesses_in(std::chrono::seconds time, int addresses) {
    int judged = 0;
    for (auto gone = 0ms; gone < time; gone += 10ms, clock.advance(10ms))
      judged += may(judged % addresses) ? 1 : 0;
    return judged;
  }
};

TEST(LoginGuard, TenMayBeWrongAndThenItTakesLonger) {
  for (int i = 0; i < 10; ++i) CHECK(may(i));
  for (const auto wait : {1s, 2s, 4s, 8s, 16s, 30s, 30s}) {
    CHECK(guard.enter("anna", at(99)) == wait);
    clock.advance(wait - 1ms);
    CHECK(!may(99));
    clock.advance(1ms);
    CHECK(may(99));
  }
}
TEST(LoginGuard, AThousandAddressesGetNoMoreThanOne) {
  const int judged = guesses_in(60s, 1000);
  CHECK(judged >= 10 && judged <= 17);
}
TEST(LoginGuard, AKnownAddressIsNotSlowed) {
  CHECK(may(1));
  CHECK(guard.right("anna", at(1)));
  guesses_in(60s, 100);
  for (int i = 0; i < 50; ++i) CHECK(may(1));
  CHECK(!may(2));
}
TEST(LoginGuard, ThatItIsKnownLastsThirtyDays) {
  guard.right("anna", at(1));
  clock.advance(30 * 24h);
  for (int i = 0; i < 10; ++i) CHECK(may(2));
  CHECK(!may(1));
}
TEST(LoginGuard, ARightLoginIsNotCounted) {
  for (int i = 0; i < 100; ++i) {
    CHECK(may(i));
    guard.right("anna", at(i));
  }
  CHECK(may(500));
}
TEST(LoginGuard, OneThatWasNotJudgedIsNotCounted) {
  for (int i = 0; i < 100; ++i) {
    CHECK(may(1));
    guard.undecided("anna", at(1));
  }
}
TEST(LoginGuard, OtherUsersAreNotTouched) {
  for (int i = 0; i < 11; ++i) may(i);
  CHECK(!may(1));
  CHECK(may(1, "bert"));
}
TEST(LoginGuard, IsForgottenAfterAQuietQuarterOfAnHour) {
  for (int i = 0; i < 16; ++i) {
    may(i);
    clock.advance(30s);
  }
  clock.advance(15min);
  clock.advance(1s);
  for (int i = 0; i < 10; ++i) CHECK(may(i));
}
TEST(LoginGuard, InventedNamesDoNotFillTheMemoryAndKeepTheKnown) {
  guard.right("anna", at(1));
  for (int i = 0; i < 11; ++i) may(100 + i);
  for (int i = 0; i < 20'000; ++i) may(2, "invented" + std::to_string(i));
  for (int i = 0; i < 30; ++i) CHECK(may(1));
}
TEST(LoginGuard, WhatIsKnownOutlivesTheProcess) {
  guard.right("anna", at(1));
  const std::string text = guard.text();
  CHECK(text.find("anna") == std::string::npos && text.find("192.0") == std::string::npos);
  LoginGuard other(clock);
  other.set_key("key");
  other.load("nonsense\n" + text + "a b c d\nx y 99999999999999999999\n");
  CHECK_EQUAL(text, other.text());
  for (int i = 0; i < 11; ++i) [[maybe_unused]] const auto wait = other.enter("anna", at(50 + i));
  CHECK(!other.enter("anna", at(1)).has_value());
  CHECK(other.enter("anna", at(2)).has_value());
  LoginGuard stranger(clock);
  stranger.set_key("another key");
  stranger.load(text);
  for (int i = 0; i < 11; ++i)
    [[maybe_unused]] const auto wait = stranger.enter("anna", at(50 + i));
  CHECK(stranger.enter("anna", at(1)).has_value());
}
