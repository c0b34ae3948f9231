#include "app/topology/mount_lookup.h"

#include <algorithm>
#include <string>
#include <vector>

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace std::chrono_literals;

namespace {

constexpr MountLookup::Masters kLinked{.linked = true};
constexpr MountLookup::Masters kPolled{.polled = true};
constexpr MountLookup::Masters kBoth{.linked = true, .polled = true};

}  // namespace

TEST_GROUP(MountLookup) {
  Loop loop{0, system_clock()};
  unsigned masters = 2;
  unsigned lists = 0;
  std::vector<std::string> asked, here, woken;
  MountLookup lookup{loop,
                     {[this](const std::string& mount) {
                        asked.push_back(mount);
                        return masters;
                      },
                      [this] { ++lists; },
                      [this](const std::string& mount) {
                        return std::find(here.begin(), here.end(), mount) != here.end();
                      },
                      [this](const ParkedRequest& request, WaitOutcome outcome) {
                        woken.push_back(std::to_string(request.worker) + ":" +
                                        std::to_string(request.connection) +
                                        (outcome == WaitOutcome::kReady       ? " known"
                                         : outcome == WaitOutcome::kElsewhere ? " elsewhere"
                                                                              : " not"));
                      }}};
  std::string all() const {
    std::string out;
    for (const std::string& each : woken) out += each + ",";
    return out;
  }
  void pass(std::chrono::milliseconds time) {
    Timer later(loop, [] {});
    later.after(time);
    while (later.armed()) loop.run_once(true);
    loop.run_once(false);
  }
};

TEST(MountLookup, WaitsForTheFirstMasterThatKnows) {
  lookup.lookup_mount("/a", {0, 7}, kLinked);
  lookup.lookup_mount("/a", {1, 8}, kLinked);
  LONGS_EQUAL(1, asked.size());
  STRCMP_EQUAL("", all().c_str());
  here = {"/a"};
  lookup.mount_looked_up("m1", "/a", true);
  STRCMP_EQUAL("0:7 known,1:8 known,", all().c_str());
  lookup.mount_looked_up("m1", "/a", true);
  LONGS_EQUAL(2, woken.size());
}
TEST(MountLookup, GivesUpWhenAllHaveSaidNo) {
  lookup.lookup_mount("/a", {0, 7}, kLinked);
  lookup.mount_looked_up("m1", "/a", false);
  STRCMP_EQUAL("", all().c_str());
  lookup.mount_looked_up("m1", "/a", false);
  STRCMP_EQUAL("0:7 not,", all().c_str());
}
TEST(MountLookup, AMountThatWeMayNotHaveIsElsewhere) {
  lookup.lookup_mount("/a", {0, 7}, kLinked);
  lookup.mount_looked_up("m1", "/a", true);
  lookup.mount_looked_up("m1", "/a", true);
  STRCMP_EQUAL("0:7 elsewhere,", all().c_str());
}
TEST(MountLookup, AMasterThatHasItWithoutAnOfferIsKnownForAMoment) {
  lookup.lookup_mount("/a", {0, 7}, kLinked);
  lookup.mount_looked_up("m2", "/a", true);
  CHECK(lookup.at_master("/a") == nullptr);  // its offer may still come from the other one
  lookup.mount_looked_up("m1", "/a", false);
  STRCMP_EQUAL("m2", lookup.at_master("/a")->c_str());
  lookup.lookup_mount("/a", {0, 8}, kLinked);
  STRCMP_EQUAL("0:7 elsewhere,0:8 elsewhere,", all().c_str());
  LONGS_EQUAL(1, asked.size());
  here = {"/a"};
  lookup.lookup_mount("/a", {0, 9}, kLinked);
  STRCMP_EQUAL("0:9 known", woken.back().c_str());
  here.clear();
  lookup.lookup_mount("/b", {0, 7}, kLinked);
  for (const char* const master : {"m1", "m2"}) lookup.mount_looked_up(master, "/b", false);
  CHECK(lookup.at_master("/b") == nullptr);
  pass(MountLookup::kAnswerLasts + 10ms);
  CHECK(lookup.at_master("/a") == nullptr);
  lookup.lookup_mount("/a", {0, 7}, kLinked);
  LONGS_EQUAL(3, asked.size());
}
TEST(MountLookup, LinkedMastersAreWaitedForNoLongerThan300Ms) {
  lookup.lookup_mount("/a", {0, 7}, kLinked);
  pass(MountLookup::kLinkPatience - 100ms);
  STRCMP_EQUAL("", all().c_str());
  pass(150ms);
  STRCMP_EQUAL("0:7 elsewhere,", all().c_str());
  lookup.mount_looked_up("m1", "/a", true);
  LONGS_EQUAL(1, woken.size());
  CHECK(lookup.empty());
}
TEST(MountLookup, WhatIsHereIsNotAskedFor) {
  here = {"/a"};
  lookup.lookup_mount("/a", {0, 7}, kBoth);
  STRCMP_EQUAL("0:7 known,", all().c_str());
  LONGS_EQUAL(0, asked.size());
  LONGS_EQUAL(0, lists);
}
TEST(MountLookup, WithoutMastersNoRequestWaits) {
  masters = 0;
  lookup.lookup_mount("/a", {0, 7}, kLinked);
  STRCMP_EQUAL("0:7 elsewhere,", all().c_str());
  CHECK(lookup.empty());
}
TEST(MountLookup, AsksLinkedMastersOnlySoOftenInASecond) {
  for (unsigned i = 0; i < MountLookup::kMaxQuestions + 5; ++i)
    lookup.lookup_mount("/" + std::to_string(i), {0, i}, kLinked);
  LONGS_EQUAL(MountLookup::kMaxQuestions, asked.size());
  LONGS_EQUAL(5, woken.size());
}
TEST(MountLookup, OnlySoManyWaitForOneMount) {
  for (std::size_t i = 0; i <= MountLookup::kMaxRequests; ++i)
    lookup.lookup_mount("/a", {0, i}, kLinked);
  LONGS_EQUAL(1, woken.size());
}
TEST(MountLookup, OnlySoManyMountsAreWaitedFor) {
  for (std::size_t i = 0; i <= MountLookup::kMaxMounts; ++i)
    lookup.lookup_mount("/" + std::to_string(i), {0, i}, kPolled);
  LONGS_EQUAL(1, woken.size());
  LONGS_EQUAL(MountLookup::kMaxMounts, lists);
}
TEST(MountLookup, LetsAllGoWhenTheLinksHaveGone) {
  lookup.lookup_mount("/a", {0, 7}, kLinked);
  lookup.lookup_mount("/b", {0, 8}, kLinked);
  lookup.links_lost();
  STRCMP_EQUAL("0:7 elsewhere,0:8 elsewhere,", all().c_str());
}
TEST(MountLookup, AListThatHasTheMountEndsTheWait) {
  lookup.lookup_mount("/a", {0, 7}, kPolled);
  lookup.lookup_mount("/b", {0, 8}, kPolled);
  lookup.lookup_mount("/a", {0, 9}, kPolled);
  LONGS_EQUAL(2, lists);
  LONGS_EQUAL(0, asked.size());
  here = {"/a"};
  lookup.mounts_changed();
  STRCMP_EQUAL("0:7 known,0:9 known,", all().c_str());
}
TEST(MountLookup, ListsAreWaitedForTwoSecondsAndAHalf) {
  lookup.lookup_mount("/a", {0, 7}, kPolled);
  pass(MountLookup::kListPatience - 200ms);
  STRCMP_EQUAL("", all().c_str());
  pass(300ms);
  STRCMP_EQUAL("0:7 elsewhere,", all().c_str());
}
TEST(MountLookup, ALinkedMasterThatSaysNoIsNoAnswerOfAPolledOne) {
  masters = 1;
  lookup.lookup_mount("/a", {0, 7}, kBoth);
  LONGS_EQUAL(1, lists);
  lookup.mount_looked_up("m1", "/a", false);
  pass(MountLookup::kLinkPatience + 50ms);
  lookup.links_lost();
  STRCMP_EQUAL("", all().c_str());
  here = {"/a"};
  lookup.mounts_changed();
  STRCMP_EQUAL("0:7 known,", all().c_str());
}
TEST(MountLookup, AMountThatIsAskedForAtLinksIsThenAskedForInLists) {
  lookup.lookup_mount("/a", {0, 7}, kLinked);
  lookup.lookup_mount("/a", {0, 8}, kPolled);
  LONGS_EQUAL(1, asked.size());
  LONGS_EQUAL(1, lists);
  pass(MountLookup::kLinkPatience + 50ms);
  STRCMP_EQUAL("", all().c_str());
  lookup.lookup_mount("/b", {0, 9}, kPolled);
  lookup.lookup_mount("/b", {0, 10}, kLinked);
  LONGS_EQUAL(2, asked.size());
  LONGS_EQUAL(2, lists);
}
TEST(MountLookup, NoRequestIsWokenWhenTheServerStops) {
  lookup.lookup_mount("/a", {0, 7}, kLinked);
  lookup.stop();
  lookup.mount_looked_up("m1", "/a", false);
  pass(MountLookup::kLinkPatience + 50ms);
  LONGS_EQUAL(0, woken.size());
}
