#include "cluster/who_desk.h"

#include <algorithm>
#include <string>
#include <vector>

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace std::chrono_literals;

TEST_GROUP(WhoDesk) {
  Loop loop{0, system_clock()};
  unsigned masters = 2;
  std::vector<std::string> asked, here, released;
  WhoDesk desk{loop,
               {[this](const std::string& mount) {
                  asked.push_back(mount);
                  return masters;
                },
                [this](const std::string& mount) {
                  return std::find(here.begin(), here.end(), mount) != here.end();
                },
                [this](const WhoDesk::Waiter& waiter, bool known) {
                  released.push_back(std::to_string(waiter.worker) + ":" +
                                     std::to_string(waiter.connection) +
                                     (known ? " known" : " not"));
                }}};
  std::string all() const {
    std::string out;
    for (const std::string& each : released) out += each + ",";
    return out;
  }
  void pass(std::chrono::milliseconds time) {
    Timer later(loop, [] {});
    later.after(time);
    while (later.armed()) loop.run_once(true);
  }
};

TEST(WhoDesk, WaitsForTheFirstMasterThatKnows) {
  desk.wait("/a", {0, 7});
  desk.wait("/a", {1, 8});
  LONGS_EQUAL(1, asked.size());
  STRCMP_EQUAL("", all().c_str());
  here = {"/a"};
  desk.answered("/a", true);
  STRCMP_EQUAL("0:7 known,1:8 known,", all().c_str());
  desk.answered("/a", true);
  LONGS_EQUAL(2, released.size());
}
TEST(WhoDesk, GivesUpWhenAllHaveSaidNo) {
  desk.wait("/a", {0, 7});
  desk.answered("/a", false);
  STRCMP_EQUAL("", all().c_str());
  desk.answered("/a", false);
  STRCMP_EQUAL("0:7 not,", all().c_str());
}
TEST(WhoDesk, AMountThatWeMayNotHaveCountsAsUnknown) {
  desk.wait("/a", {0, 7});
  desk.answered("/a", true);
  desk.answered("/a", true);
  STRCMP_EQUAL("0:7 not,", all().c_str());
}
TEST(WhoDesk, NobodyWaitsLongerThanHisPatience) {
  desk.wait("/a", {0, 7});
  pass(WhoDesk::kPatience - 100ms);
  STRCMP_EQUAL("", all().c_str());
  pass(150ms);
  STRCMP_EQUAL("0:7 not,", all().c_str());
  desk.answered("/a", true);
  LONGS_EQUAL(1, released.size());
}
TEST(WhoDesk, WhatIsHereIsNotAskedFor) {
  here = {"/a"};
  desk.wait("/a", {0, 7});
  STRCMP_EQUAL("0:7 known,", all().c_str());
  LONGS_EQUAL(0, asked.size());
}
TEST(WhoDesk, WithoutMastersNobodyWaits) {
  masters = 0;
  desk.wait("/a", {0, 7});
  STRCMP_EQUAL("0:7 not,", all().c_str());
}
TEST(WhoDesk, AsksOnlySoOftenInASecond) {
  for (unsigned i = 0; i < WhoDesk::kMostQuestions + 5; ++i)
    desk.wait("/" + std::to_string(i), {0, i});
  LONGS_EQUAL(WhoDesk::kMostQuestions, asked.size());
  LONGS_EQUAL(5, released.size());
}
TEST(WhoDesk, OnlySoManyWaitForOneMount) {
  for (std::size_t i = 0; i <= WhoDesk::kMostWaiters; ++i) desk.wait("/a", {0, i});
  LONGS_EQUAL(1, released.size());
}
TEST(WhoDesk, LetsAllGoWhenTheMastersHaveGone) {
  desk.wait("/a", {0, 7});
  desk.wait("/b", {0, 8});
  desk.give_up();
  STRCMP_EQUAL("0:7 not,0:8 not,", all().c_str());
}
