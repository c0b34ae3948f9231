#include "app/external/external_lookups.h"

#include <poll.h>

#include <chrono>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"

// Last, because it redefines `new`.
#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace std::chrono_literals;

TEST_GROUP(ExternalLookups) {
  FakeClock clock;
  Loop loop{0, clock};
  std::vector<std::vector<std::string>> questions;
  std::set<std::string> here;
  std::map<std::uint64_t, WaitOutcome> woken;
  ExternalLookups lookups{
      loop,
      {[this](std::vector<std::string> names) { questions.push_back(std::move(names)); },
       [this](const std::string& mount) { return here.contains(mount); },
       [this](const ParkedRequest& request, WaitOutcome outcome) {
         woken[request.connection] = outcome;
       }}};

  // From a network of its own.
  void look_up(const std::string& mount, std::uint64_t id, bool of_source = false) {
    lookups.look_up(mount, {0, id}, {std::to_string(id), of_source});
  }
  std::size_t taken_of(const std::string& network, std::size_t count, bool of_source) {
    const std::size_t before = lookups.under_way();
    for (std::size_t i = 0; i < count; ++i) {
      const std::string name = "/" + network + std::to_string(of_source) + std::to_string(i);
      lookups.look_up(name, {0, 10'000}, {network, of_source});
    }
    return lookups.under_way() - before;
  }
  // Until the names have become a question.
  void gather() {
    const std::size_t before = questions.size();
    for (int i = 0; i < 2000 && questions.size() == before; ++i) {
      loop.run_once(false);
      ::poll(nullptr, 0, 1);
    }
    CHECK(questions.size() > before);
  }
};

TEST(ExternalLookups, NamesThatComeTogetherAreOneQuestion) {
  look_up("/a", 1);
  look_up("/b", 2);
  look_up("/a", 3);
  gather();
  LONGS_EQUAL(1, questions.size());
  CHECK((questions[0] == std::vector<std::string>{"/a", "/b"}));
  look_up("/a", 4);  // is asked for
  here.insert("/a");
  lookups.answered({"/a", "/b"}, {"/a"});
  CHECK((woken == std::map<std::uint64_t, WaitOutcome>{{2, WaitOutcome::kNever}}));
  lookups.configured();
  LONGS_EQUAL(4, woken.size());
  for (const std::uint64_t id : {1u, 3u, 4u}) CHECK(woken[id] == WaitOutcome::kReady);
  LONGS_EQUAL(0, lookups.under_way());
}
TEST(ExternalLookups, WhatIsHereIsNotAskedFor) {
  here.insert("/a");
  look_up("/a", 1);
  CHECK(woken[1] == WaitOutcome::kReady);
  LONGS_EQUAL(0, lookups.under_way());
}
TEST(ExternalLookups, UnknownNamesAreRememberedForTenSecondsAndFailuresForTwo) {
  look_up("/a", 1);
  look_up("/b", 2);
  gather();
  lookups.answered({"/a"}, {});
  lookups.failed({"/b"});
  clock.advance(1900ms);
  look_up("/a", 3);
  look_up("/b", 4);
  CHECK(woken[3] == WaitOutcome::kNever && woken[4] == WaitOutcome::kNever);
  clock.advance(200ms);
  look_up("/b", 5);
  gather();
  CHECK((questions.back() == std::vector<std::string>{"/b"}));
  clock.advance(8s);
  look_up("/a", 6);
  gather();
  CHECK((questions.back() == std::vector<std::string>{"/a"}));
}
TEST(ExternalLookups, NoMoreThan64NamesAreUnderWay) {
  for (std::uint64_t i = 0; i < 1000; ++i) look_up("/n" + std::to_string(i), i);
  LONGS_EQUAL(64, lookups.under_way());
  LONGS_EQUAL(1000 - 64, woken.size());
  gather();
  LONGS_EQUAL(64, questions[0].size());
  lookups.abandon();
  LONGS_EQUAL(1000, woken.size());
  LONGS_EQUAL(0, lookups.under_way());
}
TEST(ExternalLookups, NamesOfListenersLeaveRoomForThoseOfSources) {
  for (std::uint64_t i = 0; i < 1000; ++i) look_up("/n" + std::to_string(i), i);
  const std::size_t refused = woken.size();
  for (std::uint64_t i = 0; i < ExternalLookups::kMaxOfSources; ++i)
    look_up("/s" + std::to_string(i), 1000 + i, true);
  LONGS_EQUAL(refused, woken.size());
  look_up("/s", 2000, true);
  look_up("/n", 2001);
  LONGS_EQUAL(refused + 2, woken.size());
  gather();
  LONGS_EQUAL(64 + ExternalLookups::kMaxOfSources, questions[0].size());
}
TEST(ExternalLookups, ANetworkLeavesPlacesToOthers) {
  LONGS_EQUAL(32, taken_of("a", 100, false));
  CHECK(woken[10'000] == WaitOutcome::kFull);
  LONGS_EQUAL(8, taken_of("a", 100, true));
  LONGS_EQUAL(8, taken_of("b", 100, true));
  LONGS_EQUAL(8, taken_of("b", 100, false));
  LONGS_EQUAL(8, taken_of("c", 100, false));
  LONGS_EQUAL(0, taken_of("d", 100, false));
  LONGS_EQUAL(8, taken_of("c", 100, true));
  LONGS_EQUAL(8, taken_of("d", 100, true));
  LONGS_EQUAL(0, taken_of("e", 100, true));
  look_up("/a10", 1, true);  // is asked for
  CHECK(!woken.contains(1));
}
