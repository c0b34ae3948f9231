#include "net/fetch/fetch_turns.h"

#include <memory>
#include <string>
#include <vector>

#include "base/cat.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(FetchTurns) {
  std::unique_ptr<FetchTurns> turns =
      std::make_unique<FetchTurns>(FetchTurns::Limits{.in_flight = 64, .of_server = 16});
  std::uint64_t last = 0;

  std::vector<FetchTurns::Id> wait(const std::string& server, int n) {
    std::vector<FetchTurns::Id> ids;
    for (int i = 0; i < n; ++i) {
      ids.push_back(++last);
      turns->wait(server, last);
    }
    return ids;
  }
  std::vector<FetchTurns::Id> begun() {
    std::vector<FetchTurns::Id> ids;
    while (const auto id = turns->next()) ids.push_back(*id);
    return ids;
  }
  void leave(const std::string& server, std::size_t n, FetchTurns::End end) {
    for (std::size_t i = 0; i < n; ++i) turns->leave(server, end);
  }
};

TEST(FetchTurns, AServerHoldsAPartOfThePlaces) {
  wait("dead", 100);
  LONGS_EQUAL(16, begun().size());
  LONGS_EQUAL(84, turns->waiting("dead"));
  const auto good = wait("good", 10);
  CHECK(begun() == good);
}
TEST(FetchTurns, TheLastPlacesAreForServersThatHoldNone) {
  for (int i = 0; i < 5; ++i) wait(cat({"dead", i}), 100);
  begun();
  for (int i = 0; i < 10; ++i) {
    const auto good = wait("good", 2);
    CHECK(begun() == std::vector{good[0]});
    turns->leave("good", FetchTurns::End::kAnswered);
    CHECK(begun() == std::vector{good[1]});
    turns->leave("good", FetchTurns::End::kAnswered);
  }
}
TEST(FetchTurns, AServerThatFailedHoldsFewPlacesUntilItAnswers) {
  wait("dead", 100);
  begun();
  leave("dead", 16, FetchTurns::End::kFailed);
  LONGS_EQUAL(2, begun().size());
  leave("dead", 1, FetchTurns::End::kUnknown);
  LONGS_EQUAL(1, begun().size());
  leave("dead", 1, FetchTurns::End::kAnswered);
  LONGS_EQUAL(15, begun().size());
}
TEST(FetchTurns, ServersTakeTurns) {
  for (int i = 0; i < 64; ++i) wait(cat({"one", i}), 1);
  LONGS_EQUAL(64, begun().size());
  const auto a = wait("a", 3), b = wait("b", 3), c = wait("c", 1);
  for (int i = 0; i < 64; ++i) leave(cat({"one", i}), 1, FetchTurns::End::kAnswered);
  CHECK(begun() == (std::vector{a[0], b[0], c[0], a[1], b[1], a[2], b[2]}));
}
TEST(FetchTurns, WhatIsWithdrawnHasNoTurn) {
  const auto a = wait("a", 2), b = wait("b", 1);
  turns->withdraw("a", a[0]);
  turns->withdraw("b", b[0]);
  turns->withdraw("b", b[0]);
  CHECK(begun() == std::vector{a[1]});
}
TEST(FetchTurns, AServerMayHoldAllWhereItIsTheOnlyOne) {
  turns = std::make_unique<FetchTurns>(FetchTurns::Limits{.in_flight = 3, .of_server = 3});
  wait("a", 9);
  LONGS_EQUAL(3, begun().size());
  turns = std::make_unique<FetchTurns>(FetchTurns::Limits{.in_flight = 0, .of_server = 0});
  wait("a", 9);
  LONGS_EQUAL(0, begun().size());
}
TEST(FetchTurns, AServerIsASchemeAHostAndAPort) {
  STRCMP_EQUAL("http://host.example:80",
               server_of_url("HTTP://bob:a@b@Host.example/add?u=http://x:9/@").c_str());
  STRCMP_EQUAL("http://host:80", server_of_url("http://host").c_str());
  STRCMP_EQUAL("https://host:443", server_of_url("https://host?x").c_str());
  STRCMP_EQUAL("https://host:81", server_of_url("https://host:81/").c_str());
  STRCMP_EQUAL("http://[::1]:80", server_of_url("http://[::1]/").c_str());
  STRCMP_EQUAL("http://[::1]:8000", server_of_url("http://[::1]:8000/").c_str());
}
