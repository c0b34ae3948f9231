#include "auth/password/password_hash.h"

#include <string>

#include "auth/password/hash_queue.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

const char* const kSecretMd5 = "5ebe2294ecd0e0f08eab7690d2a6ee69";

}  // namespace

TEST_GROUP(PasswordHash){};

TEST(PasswordHash, EveryMethodJudgesWhatItMade) {
  for (const char* name : {"md5", "bcrypt", "sha512", "yescrypt"}) {
    const auto method = hash_method(name);
    CHECK(method.has_value());
    const auto hash = hash_password(*method, "sécret:1");
    CHECK(hash.has_value());
    CHECK(is_known_hash(*hash));
    CHECK(password_matches(*hash, "sécret:1"));
    CHECK(!password_matches(*hash, "sécret:2"));
    CHECK(!password_matches(*hash, ""));
    CHECK(is_slow_hash(*hash) == (std::string(name) != "md5"));
    CHECK(*hash != *hash_password(*method, "sécret:1") || std::string(name) == "md5");
  }
}
TEST(PasswordHash, IcecastsIsMd5InHex) {
  STRCMP_EQUAL("8fe4c11451281c094a6578e6ddbf5eed", hash_password(HashMethod::kMd5, "pw")->c_str());
  CHECK(password_matches(kSecretMd5, "secret"));
  CHECK(password_matches("5EBE2294ECD0E0F08EAB7690D2A6EE69", "secret"));
  CHECK(!password_matches(kSecretMd5, "Secret"));
}
TEST(PasswordHash, HashesOfOtherProgramsAreUnderstood) {
  // openssl passwd -5, -6; crypt_blowfish's own test.
  CHECK(password_matches("$5$saltsalt$0IyaXrmV7.sGNS6tirgqHLqX/G.FBvgkYA.lpPdS5sA", "secret"));
  CHECK(
      password_matches("$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/"
                       "O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1",
                       "Hello world!"));
  CHECK(password_matches("$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"));
}
TEST(PasswordHash, ANulByteOrAnEndlessPasswordNeverMatches) {
  const std::string with_nul("secret\0more", 11);
  CHECK(!password_matches(kSecretMd5, with_nul));
  const auto hash = hash_password(HashMethod::kSha512, "secret");
  CHECK(!password_matches(*hash, with_nul));
  CHECK(!password_matches(*hash, std::string(513, 'x')));
  CHECK(!hash_password(HashMethod::kMd5, with_nul).has_value());
  CHECK(!hash_password(HashMethod::kYescrypt, std::string(513, 'x')).has_value());
}
TEST(PasswordHash, WhatIsNoHashMatchesNothing) {
  for (const char* hash :
       {"", "secret", "5ebe2294ecd0e0f08eab7690d2a6ee6", "$", "$9$x$y", "*", "{SHA}abc",
        "$apr1$salt$xxxxxxxxxxxxxxxxxxxxxx", "5ebe2294ecd0e0f08eab7690d2a6ee6g"}) {
    CHECK(!password_matches(hash, "secret"));
    CHECK(!is_known_hash(hash));
  }
  CHECK(!hash_method("sha1").has_value());
}

TEST(PasswordHash, WhatAHashCostsIsBounded) {
  const std::string salt = "abcdefghijklmnopqrstuu";
  for (const char* setting :
       {"$2b$14$", "$6$rounds=1000000$", "$5$rounds=1000000$", "$sha1$1000000$", "$y$j9T$",
        "$md5,rounds=1000000$", "$gy$j9T$", "$y$j85$", "$6$", "$5$", "$1$", "$md5$"}) {
    CHECK(!is_costly_hash(setting + salt));
    CHECK(is_known_hash(setting + salt));
    STRCMP_EQUAL("", std::string(hash_complaint(setting + salt)).c_str());
  }
  CHECK(is_known_hash("$7$CU..../...." + salt));
  for (const char* setting : {"$2b$15$",
                              "$2a$31$",
                              "$2y$31$",
                              "$6$rounds=1000001$",
                              "$6$rounds=999999999$",
                              "$5$rounds=999999999$",
                              "$5$rounds=4294967297$",
                              "$5$rounds= 9999999$",
                              "$sha1$4000000000$",
                              "$sha1$1000001$",
                              "$md5,rounds=4000000000$",
                              "$y$jAT$",
                              "$y$jFT$",
                              "$y$j9U$",
                              "$gy$jFT$",
                              "$y$j9T/..$",
                              "$y$.9T$",
                              "$7$DU..../....",
                              "$7$CU..../0...",
                              "$7$CU/.../....",
                              "$sm3$rounds=9999999$",
                              "$sm3y$jFT$"}) {
    CHECK(is_costly_hash(setting + salt));
    CHECK(!is_known_hash(setting + salt));
    CHECK(hash_complaint(setting + salt).starts_with("takes too long"));
    CHECK(!password_matches(setting + salt, "secret"));  // at once
  }
  CHECK(is_dear_hash("$2b$14$" + salt));
  CHECK(is_dear_hash("$6$rounds=1000000$" + salt));
  for (const HashMethod method : {HashMethod::kBcrypt, HashMethod::kSha512, HashMethod::kYescrypt})
    CHECK(!is_dear_hash(*hash_password(method, "secret")));
}

TEST(PasswordHash, ADecoyIsOfTheSameKindAndRightForNoPassword) {
  for (const HashMethod method :
       {HashMethod::kMd5, HashMethod::kBcrypt, HashMethod::kSha512, HashMethod::kYescrypt}) {
    const std::string hash = *hash_password(method, "secret");
    const std::string decoy = decoy_hash(hash, "0123456789abcdef");
    CHECK(!hash_kind(hash).empty());
    CHECK_EQUAL(hash_kind(hash), hash_kind(decoy));
    CHECK(!password_matches(decoy, "secret"));
    CHECK(decoy != decoy_hash(hash, "0123456789abcdee"));
  }
  const std::string decoy = decoy_hash("", "0123456789abcdef");
  CHECK_EQUAL(hash_kind(*hash_password(best_hash_method(), "x")), hash_kind(decoy));
  CHECK_EQUAL(decoy, decoy_hash("", "0123456789abcdef"));
  CHECK(!password_matches(decoy, ""));
  CHECK(hash_kind("!").empty());
}

TEST_GROUP(HashQueue) {
  FakeClock clock;
  Loop loop{0, clock};
  HashQueue queue{loop};
  const std::string hash = *hash_password(HashMethod::kSha512, "secret");
  int right = 0, wrong = 0;

  bool check(const std::string& password) {
    return queue.check(hash, password, [this](bool is_right) { ++(is_right ? right : wrong); });
  }
  void run_until(int answers) {
    while (right + wrong < answers) loop.run_once(true);
  }
};

TEST(HashQueue, JudgesInOrderAndCallsBackLater) {
  CHECK(check("secret"));
  CHECK(check("guess"));
  LONGS_EQUAL(0, right + wrong);
  run_until(2);
  LONGS_EQUAL(1, right);
  LONGS_EQUAL(1, wrong);
}
TEST(HashQueue, ARightPasswordIsRememberedForAMinute) {
  check("secret");
  run_until(1);
  check("secret");
  LONGS_EQUAL(2, right);  // at once
  clock.advance(std::chrono::seconds(61));
  check("secret");
  LONGS_EQUAL(2, right);
  run_until(3);
  LONGS_EQUAL(3, right);
}
TEST(HashQueue, AWrongPasswordIsNotRemembered) {
  check("guess");
  run_until(1);
  check("guess");
  LONGS_EQUAL(1, wrong);
  run_until(2);
}
TEST(HashQueue, ARememberedPasswordCountsForItsHashOnly) {
  check("secret");
  run_until(1);
  const std::string other = *hash_password(HashMethod::kSha512, "other");
  bool answered = false;
  CHECK(queue.check(other, "secret", [&](bool is_right) {
    answered = true;
    CHECK(!is_right);
  }));
  CHECK(!answered);
  while (!answered) loop.run_once(true);
}
TEST(HashQueue, AUsualHashDoesNotWaitForDearOnes) {
  int dear = 0;
  for (int i = 0; i < 8; ++i)
    queue.check("$2b$12$abcdefghijklmnopqrstuu" + std::to_string(i), "x", [&](bool) { ++dear; });
  CHECK(check("secret"));
  run_until(1);
  LONGS_EQUAL(1, right);
  CHECK(dear < 8);
}
TEST(HashQueue, DearOnesFillTheirOwnLaneOnly) {
  int asked = 0;
  while (queue.check("$2b$14$abcdefghijklmnopqrstuu", std::to_string(asked), [](bool) {})) ++asked;
  CHECK(check("secret"));
  run_until(1);
}
TEST(HashQueue, ItsEndDoesNotWaitForAHash) {
  const auto begun = std::chrono::steady_clock::now();
  for (int i = 0; i < 10; ++i) {
    HashQueue other(loop);
    CHECK(other.check("$2b$14$abcdefghijklmnopqrstuu", "x",
                      [](bool) { FAIL("its queue has gone"); }));
  }
  // One takes 0.7 s.
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::milliseconds(600));
}
TEST(HashQueue, RefusesWhenTooManyWait) {
  // One is with the thread, 64 wait.
  for (std::size_t i = 0; i < HashQueue::kMaxWaiting + 1; ++i)
    CHECK(check("guess" + std::to_string(i)));
  CHECK(!check("guess"));
  CHECK(check("guess1"));  // waits already
}
TEST(HashQueue, TheSameAtOnceIsJudgedOnceAndAnsweredToAll) {
  CHECK(check("first"));
  for (int i = 0; i < 500; ++i) CHECK(check("secret"));
  run_until(501);
  LONGS_EQUAL(500, right);
}
TEST(HashQueue, StrangersHaveARoomOfTheirOwnAndAnAddressAPartOfIt) {
  int strangers = 0, taken = 0;
  const auto stranger = [&](const std::string& ip) {
    taken += queue.check_stranger(*Address::parse(ip, 1), hash,
                                  "guess" + std::to_string(++strangers), [](bool) {})
                 ? 1
                 : 0;
  };
  CHECK(check("now"));  // is with the thread
  for (int i = 0; i < 20; ++i) stranger("192.0.2.1");
  LONGS_EQUAL(HashQueue::kMaxOfAddress, taken);
  for (int i = 0; i < 20; ++i) stranger("2001:db8::" + std::to_string(i));
  LONGS_EQUAL(2 * HashQueue::kMaxOfAddress, taken);
  for (int i = 0; i < 100; ++i) stranger("198.51.100." + std::to_string(i));
  LONGS_EQUAL(HashQueue::kMaxStrangers, taken);  // and no more of anybody
  for (std::size_t i = 0; i < HashQueue::kMaxWaiting; ++i) CHECK(check("mine" + std::to_string(i)));
}
TEST(HashQueue, StrangersKeepNobodyWaiting) {
  int strangers = 0;
  for (std::size_t i = 0; i < HashQueue::kMaxStrangers; ++i)
    CHECK(queue.check_stranger(*Address::parse("192.0.2." + std::to_string(i), 1), hash,
                               "guess" + std::to_string(i), [&](bool) { ++strangers; }));
  CHECK(check("secret"));
  run_until(1);
  CHECK(strangers <= 2);
  for (int i = 0; i < 40; ++i) CHECK(check("mine" + std::to_string(i)));
  run_until(41);
  CHECK(strangers >= 8);  // every fourth, so they are not kept waiting either
}
