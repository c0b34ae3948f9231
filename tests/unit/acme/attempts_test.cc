#include "acme/attempts.h"

#include <chrono>
#include <string>
#include <vector>

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace std::chrono_literals;
using Kind = AcmeFailure::Kind;

TEST_GROUP(Attempts) {
  KeptOrder kept{.names = {"radio.test"}, .directory = "https://first.test/dir"};
  AttemptFacts facts;
  std::vector<std::string> asked;  // of each attempt

  void setup() override {
    facts.directories = {"https://first.test/dir", "https://second.test/dir"};
    facts.now = WallTime(std::chrono::seconds(1'700'000'000));
  }
  void fail(Kind kind, std::chrono::seconds retry_after = 0s) {
    count_failure(kept, {kind, "as told", retry_after}, facts, 0.5);
  }
  void attempt() {
    begin_attempt(kept, facts);
    asked.push_back(kept.directory);
  }
  std::chrono::seconds next() const {
    return std::chrono::seconds(kept.next) -
           std::chrono::duration_cast<std::chrono::seconds>(facts.now.time_since_epoch());
  }
  // Attempts that fail, for so long.
  void pass(std::chrono::seconds time, Kind kind) {
    const WallTime end = facts.now + time;
    while (facts.now < end) {
      attempt();
      fail(kind);
      facts.now = WallTime(std::chrono::seconds(kept.next));
    }
  }
};

TEST(Attempts, WithoutACertificateTheNextAuthorityIsAskedAfterTenMinutes) {
  attempt();
  fail(Kind::kUnavailable);
  LONGS_EQUAL(60, next().count());
  facts.now += 60s;
  attempt();
  fail(Kind::kUnavailable);
  LONGS_EQUAL(300, next().count());
  facts.now += 300s;
  attempt();
  fail(Kind::kUnavailable);
  LONGS_EQUAL(240, next().count());  // not 15 min: the moment comes before
  facts.now += 240s;
  CHECK_TRUE(begin_attempt(kept, facts));
  STRCMP_EQUAL("https://second.test/dir", kept.directory.c_str());
  fail(Kind::kUnavailable);
  LONGS_EQUAL(60, next().count());
}
TEST(Attempts, WithACertificateItIsGivenADayOrAThirdOfWhatIsLeft) {
  facts.valid_until = facts.now + 24h * 30;
  pass(24h, Kind::kUnavailable);
  attempt();
  STRCMP_EQUAL("https://second.test/dir", asked.back().c_str());
  CHECK_TRUE(asked[asked.size() - 2] == "https://first.test/dir");
  kept = {.names = {"radio.test"}, .directory = "https://first.test/dir"};
  facts.valid_until = facts.now + 6h;
  pass(2h, Kind::kUnavailable);
  attempt();
  STRCMP_EQUAL("https://second.test/dir", asked.back().c_str());
}
TEST(Attempts, ThreeDaysOfFaultsAskBothAndAtMostOnceADayTheFirstAgain) {
  pass(72h, Kind::kUnavailable);
  unsigned changes = 0;
  for (std::size_t i = 1; i < asked.size(); ++i) changes += asked[i] != asked[i - 1];
  LONGS_EQUAL(5, changes);  // 10 min, 24 h, 10 min, 24 h, 10 min
  CHECK_TRUE(asked.size() < 40);
  LONGS_EQUAL(asked.size(), kept.failures);
}
TEST(Attempts, ANameThatIsNotShownIsNoFaultOfTheAuthority) {
  pass(72h, Kind::kConnection);
  for (const std::string& one : asked) STRCMP_EQUAL("https://first.test/dir", one.c_str());
  // Nor is our own.
  pass(72h, Kind::kOwn);
  STRCMP_EQUAL("https://first.test/dir", asked.back().c_str());
}
TEST(Attempts, AMomentThatIsNamedIsObeyedUntilTheNextAuthorityIsAsked) {
  attempt();
  fail(Kind::kLimit, 48h);
  LONGS_EQUAL(600, next().count());
  facts.directories.pop_back();
  kept = {.names = {"radio.test"}, .directory = "https://first.test/dir"};
  attempt();
  fail(Kind::kLimit, 48h);
  LONGS_EQUAL(48 * 3600, next().count());
}
TEST(Attempts, AfterTwoAttemptsThatDidNotShowTheNamesStagingIsAskedUntilItSucceeds) {
  facts.has_staging = true;
  attempt();
  fail(Kind::kDns);
  CHECK_FALSE(goes_to_staging(kept, facts));
  attempt();
  fail(Kind::kUnauthorized);
  CHECK_TRUE(goes_to_staging(kept, facts));
  fail(Kind::kConnection);
  CHECK_TRUE(goes_to_staging(kept, facts));
  count_staging(kept, facts);
  CHECK_FALSE(goes_to_staging(kept, facts));
  LONGS_EQUAL(0, next().count());
  facts.has_staging = false;
  kept.unshown = 5;
  CHECK_FALSE(goes_to_staging(kept, facts));
}
TEST(Attempts, AStagingThatDoesNotAnswerIsLeft) {
  facts.has_staging = true;
  kept.unshown = 2;
  fail(Kind::kUnavailable);
  CHECK_FALSE(goes_to_staging(kept, facts));
  LONGS_EQUAL(0, kept.since);
}
TEST(Attempts, ARenewalBeginsWithTheFirstAgain) {
  kept.directory = "https://second.test/dir";
  kept.failures = kept.tries = 3;
  kept.why = "as told";
  count_success(kept, facts, 90 * 24h);
  STRCMP_EQUAL("https://second.test/dir", kept.issuer.c_str());
  STRCMP_EQUAL("https://first.test/dir", kept.directory.c_str());
  LONGS_EQUAL(0, kept.failures);
  STRCMP_EQUAL("", kept.why.c_str());
  LONGS_EQUAL(3600, next().count());
  count_success(kept, facts, 40s);
  LONGS_EQUAL(10, next().count());
}
TEST(Attempts, WhatIsRefusedIsAskedForAgainTomorrow) {
  facts.directories.pop_back();
  fail(Kind::kRefused);
  LONGS_EQUAL(24 * 3600, next().count());
}

TEST(Attempts, WhatAClockThatWasAheadHasPlannedIsNotWaitedFor) {
  const WallTime now = facts.now;
  facts.now += std::chrono::days(1000);
  attempt();
  fail(Kind::kUnavailable);
  facts.now = now;
  CHECK_TRUE(forget_other_clock(kept, now));
  LONGS_EQUAL(0, next().count());
  CHECK_TRUE(kept.since == kept.next && kept.began == kept.next);
  facts.directories.pop_back();
  fail(Kind::kLimit, std::chrono::days(30));
  CHECK_FALSE(forget_other_clock(kept, now));
  LONGS_EQUAL(30 * 86400, next().count());
  // Only what the authority has asked for is waited for so long.
  fail(Kind::kUnavailable);
  kept.next += 86'400 * 2;
  CHECK_TRUE(forget_other_clock(kept, now));
  LONGS_EQUAL(0, next().count());
  kept.failures = 0;
  kept.next += 3600;
  CHECK_FALSE(forget_other_clock(kept, now));
  kept.next += 1;
  CHECK_TRUE(forget_other_clock(kept, now));
}
