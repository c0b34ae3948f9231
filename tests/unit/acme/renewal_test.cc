#include "acme/renewal.h"

#include <string>

#include "acme/challenges.h"
#include "acme/settings.h"
#include "base/cat.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace std::chrono_literals;

TEST_GROUP(Renewal){static long days(std::chrono::days life, double chance){
    const WallTime begins{std::chrono::seconds(1'700'000'000)};
return std::chrono::duration_cast<std::chrono::days>(
           renewal_time({begins, begins + life, ""}, chance) - begins)
    .count();
}
}
;

TEST(Renewal, AtTwoThirdsOfALongLifeAndAtHalfOfAShortOne) {
  LONGS_EQUAL(60, days(std::chrono::days(90), 0.501));
  LONGS_EQUAL(55, days(std::chrono::days(90), 0));
  LONGS_EQUAL(64, days(std::chrono::days(90), 0.999));
  LONGS_EQUAL(3, days(std::chrono::days(6), 0.501));
}
TEST(Renewal, FailuresAreFurtherAndFurtherApart) {
  std::chrono::seconds before{0};
  for (unsigned failures = 1; failures <= 7; ++failures) {
    const auto time = time_to_retry(failures, 0s, 0.5);
    CHECK(time > before);
    before = time;
  }
  LONGS_EQUAL(60, time_to_retry(1, 0s, 0.5).count());
  LONGS_EQUAL(54, time_to_retry(1, 0s, 0).count());
  LONGS_EQUAL(86'400, time_to_retry(1000, 0s, 0.5).count());
  LONGS_EQUAL(60, time_to_retry(0, 0s, 0.5).count());
}
TEST(Renewal, WhatTheAuthorityAsksForIsTheLeast) {
  LONGS_EQUAL(200'000, time_to_retry(1, 200'000s, 0.5).count());
  LONGS_EQUAL(60, time_to_retry(1, 10s, 0.5).count());
}

TEST_GROUP(AcmeNames){};

TEST(AcmeNames, NamesThatNoPublicAuthoritySigns) {
  for (const char* name :
       {"localhost", "radio", "radio.local", "RADIO.Internal", "radio.test", "a.example",
        "10.0.0.1", "192.168.0.1", "127.0.0.1", "::1", "fd00::1", "router.lan", ""})
    CHECK_FALSE(why_not_public(name).empty());
  for (const char* name :
       {"radio.example.org", "a.b.fm", "9.9.9.9", "2620:fe::fe", "test.de", "local.radio"})
    STRCMP_EQUAL("", std::string(why_not_public(name)).c_str());
}
TEST(AcmeNames, AuthoritiesHaveNamesOrAddresses) {
  CHECK(is_public_authority({}));
  STRCMP_EQUAL("https://acme-v02.api.letsencrypt.org/directory", directory_url({}).c_str());
  AcmeAuthority own;
  own.url = "https://ca.example.org/dir";
  CHECK_FALSE(is_public_authority(own));
  STRCMP_EQUAL("https://ca.example.org/dir", directory_url(own).c_str());
}

TEST_GROUP(AcmeChallenges) { AcmeChallenges challenges; };

TEST(AcmeChallenges, OnlyWhatWasPutIsAnswered) {
  challenges.put("one", "one.print");
  STRCMP_EQUAL("one.print", challenges.answer("one").c_str());
  STRCMP_EQUAL("", challenges.answer("on").c_str());
  STRCMP_EQUAL("", challenges.answer("").c_str());
  challenges.clear();
  STRCMP_EQUAL("", challenges.answer("one").c_str());
}
TEST(AcmeChallenges, TheOldestGoesWhereThereIsNoRoom) {
  for (std::size_t i = 0; i <= AcmeChallenges::kMost; ++i) challenges.put(cat({"token", i}), "x");
  STRCMP_EQUAL("", challenges.answer("token0").c_str());
  STRCMP_EQUAL("x", challenges.answer("token1").c_str());
  STRCMP_EQUAL("x", challenges.answer(cat({"token", AcmeChallenges::kMost})).c_str());
}
