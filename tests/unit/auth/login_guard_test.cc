#include "auth/guard/login_guard.h"

#include <string>
#include <vector>

#include "base/through_record.h"

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
  int passwords = 0;
  LoginGuard::Guess enter(LoginGuard & at_guard, int address, const std::string& user = "anna") {
    return at_guard.enter(user, "guess" + std::to_string(++passwords), at(address));
  }
  // Another password each time, wrong where it is judged.
  bool may(LoginGuard & at_guard, int address, const std::string& user = "anna") {
    const LoginGuard::Guess guess = enter(at_guard, address, user);
    if (!guess.wait) at_guard.wrong(guess);
    return !guess.wait;
  }
  bool may(int address, const std::string& user = "anna") { return may(guard, address, user); }
  bool log_in(int address, const std::string& user = "anna") {
    return guard.right(guard.enter(user, "right", at(address)), user, at(address));
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
    CHECK(enter(guard, 99).wait == wait);
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
  CHECK(!guard.knows("anna", at(1)));
  CHECK(log_in(1));
  CHECK(guard.knows("anna", at(1)) && !guard.knows("bert", at(1)));
  guesses_in(60s, 100);
  for (int i = 0; i < 50; ++i) CHECK(may(1));
  CHECK(!may(2));
}
TEST(LoginGuard, ThatItIsKnownLastsThirtyDays) {
  log_in(1);
  clock.advance(30 * 24h);
  for (int i = 0; i < 10; ++i) CHECK(may(2));
  CHECK(!may(1));
}
TEST(LoginGuard, ARightLoginIsNotCounted) {
  for (int i = 0; i < 100; ++i) {
    CHECK(log_in(i));
  }
  CHECK(may(500));
}
TEST(LoginGuard, OneThatWasNotJudgedIsNotCounted) {
  for (int i = 0; i < 100; ++i) {
    const LoginGuard::Guess guess = enter(guard, 1);
    CHECK(!guess.wait);
    guard.undecided(guess);
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
  log_in(1);
  for (int i = 0; i < 11; ++i) may(100 + i);
  for (int i = 0; i < 40'000; ++i) may(2, "invented" + std::to_string(i));
  for (int i = 0; i < 30; ++i) CHECK(may(1));
}
TEST(LoginGuard, InventedNamesGiveNoTenGuessesMore) {
  for (int i = 0; i < 10; ++i) CHECK(may(i));
  for (int i = 0; i < 80'000; ++i) may(i % 100, "invented" + std::to_string(i / 2));
  CHECK(!may(99));
}
TEST(LoginGuard, TheSamePasswordManyTimesAtOnceIsOneGuess) {
  std::vector<LoginGuard::Guess> asked;
  for (int i = 0; i < 30; ++i) {
    asked.push_back(guard.enter("anna", "same", at(i)));
    CHECK(!asked.back().wait);
  }
  // … and of wrong ones one stays.
  for (const LoginGuard::Guess& guess : asked) guard.wrong(guess);
  for (int i = 0; i < 9; ++i) CHECK(may(i));
  CHECK(!may(99));
}
TEST(LoginGuard, TheSameRightPasswordManyTimesAtOnceIsNone) {
  for (int i = 0; i < 9; ++i) CHECK(may(i));
  std::vector<LoginGuard::Guess> asked;
  for (int i = 0; i < 30; ++i) asked.push_back(guard.enter("anna", "same", at(i)));
  for (int i = 0; i < 30; ++i) {
    CHECK(!asked[static_cast<std::size_t>(i)].wait);
    guard.right(asked[static_cast<std::size_t>(i)], "anna", at(i));
  }
  CHECK(may(200));
  CHECK(!may(201));
}
TEST(LoginGuard, OneJudgedAndOneNotIsOneGuess) {
  for (int i = 0; i < 9; ++i) CHECK(may(i));
  const auto one = guard.enter("anna", "same", at(1)), other = guard.enter("anna", "same", at(2));
  guard.wrong(one);
  guard.undecided(other);
  CHECK(!may(3));
}
TEST(LoginGuard, WhatIsKnownOutlivesTheProcess) {
  log_in(1);
  const std::string text = guard.text();
  CHECK(text.find("anna") == std::string::npos && text.find("192.0") == std::string::npos);
  LoginGuard other(clock);
  other.set_key("key");
  other.load("nonsense\n" + text + "a b c d\nx y 99999999999999999999\n");
  CHECK_EQUAL(text, other.text());
  for (int i = 0; i < 11; ++i) may(other, 50 + i);
  CHECK(may(other, 1));
  CHECK(!may(other, 2));
  LoginGuard stranger(clock);
  stranger.set_key("another key");
  stranger.load(text);
  for (int i = 0; i < 11; ++i) may(stranger, 50 + i);
  CHECK(!may(stranger, 1));
}
// Another process goes on with what has been counted.
TEST(LoginGuard, AHandOverGivesNoNewGuesses) {
  for (int i = 0; i < 9; ++i) CHECK(may(i));
  enter(guard, 9);  // not judged yet
  LoginGuard next{clock};
  next.set_key("key");
  next.restore(test::through_record(guard.save()));
  CHECK(enter(next, 99).wait == 1s);
  CHECK(!enter(next, 99, "bob").wait);
  clock.advance(1s);
  CHECK(may(next, 99));
  CHECK(enter(next, 98).wait == 2s);
}
TEST(LoginGuard, UnderAnotherKeyNothingIsTakenOver) {
  for (int i = 0; i < 10; ++i) CHECK(may(i));
  LoginGuard next{clock};
  next.set_key("another key");
  next.restore(guard.save());
  CHECK(!enter(next, 99).wait);
}
