#include "net/loop/waits.h"

#include <memory>
#include <string>
#include <vector>

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace std::chrono_literals;

TEST_GROUP(Waits) {
  FakeClock clock;
  Loop loop{0, clock};
  std::vector<std::string> expired;
  Waits<int> waits{loop, {.keys = 3, .of_key = 4, .all = 6}, [this](const std::string& key) {
                     expired.push_back(key);
                   }};
  bool park(const std::string& key, int request, std::chrono::milliseconds patience = 1h) {
    return waits.park(key, std::move(request), patience);
  }
  void pass(std::chrono::milliseconds time) {
    clock.advance(time);
    waits.expire(loop.awake());
  }
  static std::string text(const std::list<int>& requests) {
    std::string all;
    for (const int request : requests) all += std::to_string(request) + ",";
    return all;
  }
  std::string over() const {
    std::string all;
    for (const std::string& key : expired) all += key + ",";
    return all;
  }
  std::string release(const std::string& key) { return text(waits.release(key)); }
};

TEST(Waits, AReleaseGivesAllOfItsKeyInTheirOrder) {
  CHECK(park("/a", 7) && park("/b", 8) && park("/a", 9));
  STRCMP_EQUAL("7,9,", release("/a").c_str());
  STRCMP_EQUAL("", release("/a").c_str());
  CHECK_FALSE(waits.contains("/a"));
  CHECK(waits.contains("/b"));
  LONGS_EQUAL(1, waits.size());
}
TEST(Waits, OnlySoManyWaitForOneKey) {
  for (int i = 0; i < 4; ++i) CHECK(park("/a", i));
  CHECK_FALSE(park("/a", 4));
  LONGS_EQUAL(4, waits.size());
  LONGS_EQUAL(4, waits.of("/a").size());
  CHECK_EQUAL(0, waits.take_first("/a"));
  CHECK(park("/a", 5));
  STRCMP_EQUAL("1,2,3,5,", release("/a").c_str());
}
TEST(Waits, OnlySoManyKeysAreWaitedFor) {
  CHECK(park("/a", 1) && park("/b", 2) && park("/c", 3));
  CHECK_FALSE(park("/d", 4));
  CHECK(park("/a", 5));
  CHECK_FALSE(waits.contains("/d"));
  LONGS_EQUAL(3, waits.keys().size());
  release("/a");
  CHECK(park("/d", 4));
}
TEST(Waits, OnlySoManyWaitInAll) {
  for (int i = 0; i < 3; ++i) CHECK(park("/a", i) && park("/b", i));
  CHECK_FALSE(park("/a", 3));
  CHECK_FALSE(park("/c", 3));
  release("/b");
  CHECK(park("/a", 3));
}
TEST(Waits, OneThatIsNotTakenIsLeftAsItWas) {
  Waits<std::unique_ptr<int>> few(loop, {.all = 0}, [](const std::string&) {});
  auto request = std::make_unique<int>(7);
  CHECK_FALSE(few.park("/a", std::move(request), 1h));
  CHECK(request != nullptr);
  LONGS_EQUAL(0, few.keys().size());
}
TEST(Waits, ADeadlineCountsFromTheFirstRequestOfItsKey) {
  CHECK(park("/a", 7, 400ms));
  pass(300ms);
  CHECK(park("/a", 8));
  STRCMP_EQUAL("", over().c_str());
  pass(100ms);
  STRCMP_EQUAL("/a,", over().c_str());
  pass(2h);
  STRCMP_EQUAL("/a,", over().c_str());
  STRCMP_EQUAL("7,8,", release("/a").c_str());
}
TEST(Waits, DeadlinesAreOverInTheirOrder) {
  CHECK(park("/a", 1, 300ms) && park("/b", 2, 100ms) && park("/c", 3, 200ms));
  pass(1s);
  STRCMP_EQUAL("/b,/c,/a,", over().c_str());
}
TEST(Waits, AnExtendedDeadlineCountsFromThen) {
  CHECK(park("/a", 7, 20ms));
  pass(10ms);
  waits.extend("/a", 50ms);
  waits.extend("/nothing", 1ms);
  pass(49ms);
  STRCMP_EQUAL("", over().c_str());
  pass(1ms);
  STRCMP_EQUAL("/a,", over().c_str());
  waits.extend("/a", 5ms);
  pass(5ms);
  STRCMP_EQUAL("/a,/a,", over().c_str());
}
TEST(Waits, ADeadlineMayBecomeShorter) {
  CHECK(park("/a", 7, 1h));
  waits.extend("/a", 0ms);
  STRCMP_EQUAL("", over().c_str());
  pass(0ms);
  STRCMP_EQUAL("/a,", over().c_str());
}
TEST(Waits, ADeadlineIsNotThatOfALaterRequest) {
  CHECK(park("/a", 7, 100ms));
  pass(50ms);
  release("/a");
  CHECK(park("/a", 8, 100ms));
  pass(99ms);
  STRCMP_EQUAL("", over().c_str());
  CHECK(waits.contains("/a"));
}
TEST(Waits, AKeyThatIsOverExpiresAgainForOneThatComesLater) {
  CHECK(park("/a", 7, 100ms));
  pass(100ms);
  CHECK(park("/a", 8, 1h));
  STRCMP_EQUAL("/a,", over().c_str());
  pass(0ms);
  STRCMP_EQUAL("/a,/a,", over().c_str());
}
TEST(Waits, TheLongestThereIsTheFirst) {
  CHECK(waits.of("/a").empty());
  CHECK(park("/a", 7) && park("/a", 8));
  CHECK_EQUAL(7, waits.of("/a").front());
  CHECK_EQUAL(7, waits.take_first("/a"));
  CHECK_EQUAL(8, waits.take_first("/a"));
  CHECK(waits.of("/a").empty());
  CHECK(waits.contains("/a"));  // until its deadline is over, and it is released
  LONGS_EQUAL(0, waits.size());
}
TEST(Waits, SomeAreTakenInTheirOrder) {
  for (int i = 1; i <= 4; ++i) CHECK(park("/a", i, 10ms));
  STRCMP_EQUAL("2,4,", text(waits.take_if("/a", [](int i) { return i % 2 == 0; })).c_str());
  STRCMP_EQUAL("", text(waits.take_if("/b", [](int) { return true; })).c_str());
  LONGS_EQUAL(2, waits.size());
  pass(10ms);
  STRCMP_EQUAL("/a,", over().c_str());
  STRCMP_EQUAL("1,3,", release("/a").c_str());
}
// A client that has left is an id that is not found when its turn comes.
TEST(Waits, WhatAClientThatHasLeftLeavesIsItsNumber) {
  std::vector<int> connections{7, 9};  // 8 has left
  CHECK(park("/a", 7) && park("/a", 8) && park("/a", 9));
  std::string woken;
  for (const int id : waits.release("/a"))
    if (std::find(connections.begin(), connections.end(), id) != connections.end())
      woken += std::to_string(id) + ",";
  STRCMP_EQUAL("7,9,", woken.c_str());
  LONGS_EQUAL(0, waits.size());
  LONGS_EQUAL(0, waits.keys().size());
}
TEST(Waits, OneThatIsWokenMayReleaseAndParkAgain) {
  CHECK(park("/a", 1) && park("/a", 2));
  std::string again;
  for (const int id : waits.release("/a")) {
    again += release("/a");
    CHECK(park("/a", id + 10));
  }
  STRCMP_EQUAL("11,", again.c_str());
  STRCMP_EQUAL("12,", release("/a").c_str());
  LONGS_EQUAL(0, waits.size());
}
TEST(Waits, OneThatExpiresMayReleaseTheOthers) {
  std::string told;
  Waits<int> room(loop, {}, [&](const std::string& key) {
    told += key + ",";
    for (const char* each : {"/a", "/b", "/c"}) room.release(each);
    static_cast<void>(room.park("/b", 9, 1h));
  });
  for (const char* each : {"/a", "/b", "/c"}) CHECK(room.park(each, 1, 10ms));
  clock.advance(10ms);
  room.expire(loop.awake());
  STRCMP_EQUAL("/a,", told.c_str());
  LONGS_EQUAL(1, room.size());
}
TEST(Waits, OneThatExpiresMayEndTheRoom) {
  CHECK(park("/a", 1, 10ms) && park("/b", 2, 10ms));
  Waits<int> room(loop, {}, [&](const std::string&) { room.clear(); });
  CHECK(room.park("/a", 1, 10ms) && room.park("/b", 2, 10ms));
  clock.advance(10ms);
  room.expire(loop.awake());
  LONGS_EQUAL(0, room.size());
  LONGS_EQUAL(0, room.keys().size());
}
TEST(Waits, NothingIsCalledWhenItIsClearedOrDestroyed) {
  auto request = std::make_shared<int>(7);
  auto room = std::make_unique<Waits<std::shared_ptr<int>>>(
      loop, Waits<std::shared_ptr<int>>::Limits{},
      [this](const std::string& key) { expired.push_back(key); });
  CHECK(room->park("/a", std::shared_ptr<int>(request), 0ms));
  room->clear();
  LONGS_EQUAL(0, room->size());
  LONGS_EQUAL(1, request.use_count());
  CHECK(room->park("/a", std::shared_ptr<int>(request), 0ms));
  room.reset();
  LONGS_EQUAL(1, request.use_count());
  loop.run_once(false);
  STRCMP_EQUAL("", over().c_str());
}
TEST(Waits, AReleaseInTheTurnOfADeadlineComesBeforeIt) {
  Timer now(loop, [this] { release("/a"); });
  CHECK(park("/a", 7, 10ms));
  now.after(10ms);
  CHECK(park("/b", 8, 40ms));
  while (expired.empty()) loop.run_once(true);
  STRCMP_EQUAL("/b,", over().c_str());
}
TEST(Waits, OneThatParksAgainWhenItExpiresIsPolled) {
  unsigned polls = 0;
  Waits<int> room(loop, {}, [&](const std::string& key) {
    ++polls;
    for (int request : room.release(key)) CHECK(room.park(key, std::move(request), 20ms));
  });
  CHECK(room.park("/a", 7, 20ms));
  const auto begun = std::chrono::steady_clock::now();
  while (polls < 3 && std::chrono::steady_clock::now() - begun < 10s) loop.run_once(true);
  LONGS_EQUAL(3, polls);
  CHECK(std::chrono::steady_clock::now() - begun >= 50ms);
}
TEST(Waits, ItsTimerRingsForTheFirstDeadlineAndThenForTheNext) {
  CHECK(park("/a", 1, 30ms) && park("/b", 2, 5ms) && park("/c", 3, 1h));
  waits.extend("/c", 15ms);
  const auto begun = std::chrono::steady_clock::now();
  while (expired.size() < 3 && std::chrono::steady_clock::now() - begun < 10s) loop.run_once(true);
  STRCMP_EQUAL("/b,/c,/a,", over().c_str());
  CHECK(std::chrono::steady_clock::now() - begun >= 25ms);
}
