#include "app/services/parked_requests.h"

#include <string>
#include <vector>

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace std::chrono_literals;

TEST_GROUP(ParkedRequests) {
  Loop loop{0, system_clock()};
  std::vector<std::string> expired;
  std::string woken;
  ParkedRequests parked{loop,
                        {.keys = 3, .of_key = 4, .all = 6},
                        {[this](const ParkedRequest& request, WaitOutcome outcome) {
                           woken += std::to_string(request.worker) + ":" +
                                    std::to_string(request.connection) +
                                    (outcome == WaitOutcome::kReady       ? " ready,"
                                     : outcome == WaitOutcome::kElsewhere ? " elsewhere,"
                                                                          : " never,");
                         },
                         [this](const std::string& key) { expired.push_back(key); }}};
  bool park(const std::string& key, std::uint64_t connection,
            std::chrono::milliseconds patience = 1h) {
    return parked.park(key, {0, connection}, {patience});
  }
  bool park_leaving(const std::string& key, std::uint64_t connection,
                    std::chrono::milliseconds after = 30ms) {
    return parked.park(key, {0, connection, true}, {1h, after});
  }
  void pass(std::chrono::milliseconds time) {
    Timer later(loop, [] {});
    later.after(time);
    while (later.armed()) loop.run_once(true);
    loop.run_once(false);
  }
};

TEST(ParkedRequests, AReleaseWakesAllOfItsKeyInTheirOrder) {
  CHECK(parked.park("/a", {1, 7}, {1h}));
  CHECK(park("/b", 8));
  CHECK(park("/a", 9));
  STRCMP_EQUAL("", woken.c_str());
  parked.release("/a", WaitOutcome::kReady);
  STRCMP_EQUAL("1:7 ready,0:9 ready,", woken.c_str());
  CHECK_FALSE(parked.contains("/a"));
  CHECK(parked.contains("/b"));
  LONGS_EQUAL(1, parked.size());
}
TEST(ParkedRequests, ARequestIsWokenOnce) {
  CHECK(park("/a", 7));
  parked.release("/a", WaitOutcome::kNever);
  parked.release("/a", WaitOutcome::kReady);
  parked.release("/b", WaitOutcome::kReady);
  STRCMP_EQUAL("0:7 never,", woken.c_str());
}
TEST(ParkedRequests, ADeadlineCountsFromTheFirstRequestOfItsKey) {
  CHECK(park("/a", 7, 400ms));
  pass(100ms);
  CHECK(park("/a", 8, 1h));
  LONGS_EQUAL(0, expired.size());
  pass(500ms);
  LONGS_EQUAL(1, expired.size());
  STRCMP_EQUAL("/a", expired.front().c_str());
}
TEST(ParkedRequests, ADeadlineWakesNoRequestByItself) {
  CHECK(park("/a", 7, 1ms));
  pass(20ms);
  STRCMP_EQUAL("", woken.c_str());
  CHECK(parked.contains("/a"));
}
TEST(ParkedRequests, AnExtendedDeadlineCountsFromThen) {
  CHECK(park("/a", 7, 20ms));
  parked.extend("/a", 1h);
  parked.extend("/nothing", 1ms);
  pass(50ms);
  LONGS_EQUAL(0, expired.size());
}
TEST(ParkedRequests, ADeadlineIsNotThatOfALaterRequest) {
  Timer now(loop, [this] {
    // The deadline is over as well, and has been posted.
    parked.release("/a", WaitOutcome::kReady);
    static_cast<void>(park("/a", 8));
  });
  CHECK(park("/a", 7, 10ms));
  now.after(10ms);
  pass(50ms);
  LONGS_EQUAL(0, expired.size());
  CHECK(parked.contains("/a"));
}
TEST(ParkedRequests, OnlySoManyWaitForOneKey) {
  for (std::uint64_t i = 0; i < 4; ++i) CHECK(park("/a", i));
  CHECK_FALSE(park("/a", 4));
  LONGS_EQUAL(4, parked.size());
}
TEST(ParkedRequests, OnlySoManyKeysAreWaitedFor) {
  CHECK(park("/a", 1) && park("/b", 2) && park("/c", 3));
  CHECK_FALSE(park("/d", 4));
  CHECK(park("/a", 5));
  CHECK_FALSE(parked.contains("/d"));
}
TEST(ParkedRequests, OnlySoManyWaitInAll) {
  for (std::uint64_t i = 0; i < 3; ++i) CHECK(park("/a", i) && park("/b", i));
  CHECK_FALSE(park("/a", 3));
  parked.release("/b", WaitOutcome::kReady);
  CHECK(park("/a", 3));
}
TEST(ParkedRequests, OneThatMayLeaveDoesSoAfterAWhile) {
  CHECK(park("/a", 7));
  CHECK(park_leaving("/a", 8, 300ms));
  pass(10ms);
  STRCMP_EQUAL("", woken.c_str());
  pass(500ms);
  STRCMP_EQUAL("0:8 elsewhere,", woken.c_str());
  parked.release("/a", WaitOutcome::kReady);
  STRCMP_EQUAL("0:8 elsewhere,0:7 ready,", woken.c_str());
}
TEST(ParkedRequests, OneThatComesToASlowKeyLeavesInTheNextTurn) {
  CHECK(park_leaving("/a", 7));
  pass(50ms);
  woken.clear();
  CHECK(park_leaving("/a", 8, 300ms));
  STRCMP_EQUAL("", woken.c_str());  // there is still time to release the key
  pass(1ms);
  STRCMP_EQUAL("0:8 elsewhere,", woken.c_str());
}
TEST(ParkedRequests, AKeyStaysWhenAllItsRequestsHaveLeft) {
  CHECK(park_leaving("/a", 7));
  pass(50ms);
  LONGS_EQUAL(0, parked.size());
  CHECK(parked.contains("/a"));
}
TEST(ParkedRequests, WhereNoTimeToLeaveIsGivenNoRequestLeaves) {
  CHECK(parked.park("/a", {0, 7, true}, {1h}));
  pass(20ms);
  STRCMP_EQUAL("", woken.c_str());
}
TEST(ParkedRequests, NoRequestIsWokenWhenTheServerStops) {
  CHECK(park("/a", 7, 1ms));
  CHECK(park_leaving("/b", 8));
  parked.clear();
  pass(50ms);
  STRCMP_EQUAL("", woken.c_str());
  LONGS_EQUAL(0, expired.size());
  LONGS_EQUAL(0, parked.size());
}
