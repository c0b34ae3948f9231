#include "cluster/balance/pick.h"

#include "cluster/pick_fixture.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

TEST_GROUP_BASE(Pick, PickFixture){};

// -- answers before any node is looked at

TEST(Pick, NeverSendsARelayAway) {
  cluster.add("edge1", 1e6);
  request.relay = true;
  const Choice choice = pick();
  CHECK(choice.kind == Choice::Kind::kServe);
  CHECK(choice.reason == PickReason::kRelay);
  CHECK_EQUAL(0u, trace.rows.size());
}

TEST(Pick, ServesEverybodyWhereNobodyIsRedirected) {
  cluster.add("edge1", 1e6);
  settings.rules.when = BalanceWhen::kNever;
  CHECK(pick().reason == PickReason::kNever);
  settings.rules.when = BalanceWhen::kAlways;
  STRCMP_EQUAL("edge1", to(pick()).c_str());
  settings.max_redirect_slaves = 0;
  CHECK(pick().reason == PickReason::kNever);
}

TEST(Pick, ServesWhoComesWithATokenOrRefusesHim) {
  cluster.add("edge1", 1e6);
  cluster.add_self(1000);
  request.redirected = true;
  CHECK(pick().kind == Choice::Kind::kServe);
  cluster.report(cluster.table.self(), 1000);
  const Choice choice = pick();
  CHECK(choice.kind == Choice::Kind::kRefuse);
  CHECK(choice.reason == PickReason::kArrived);
  CHECK(choice.retry_after >= 2s && choice.retry_after <= 3s);
}

TEST(Pick, RedirectsOnlyWhenFullInTheWayOfKh) {
  const NodeSlot self = cluster.add_self(1000);
  cluster.add("edge1", 1000);
  settings.rules.when = BalanceWhen::kFull;
  cluster.report(self, 872);
  CHECK(pick().reason == PickReason::kRoomHere);
  cluster.report(self, 873);
  STRCMP_EQUAL("edge1", to(pick()).c_str());
  cluster.report(self, 0);
  request.full_here = true;
  STRCMP_EQUAL("edge1", to(pick()).c_str());
}

TEST(Pick, AFullMountIsLeftToOtherNodesThatHaveRoom) {
  const NodeSlot self = cluster.add_self(1000);
  const NodeSlot edge = cluster.add("edge1", 1000);
  request.full_here = true;
  CHECK_EQUAL(1000, thousand()["edge1"]);
  CHECK(why_not(self) == OutReason::kFull);
  cluster.report(edge, 1000);
  STRCMP_EQUAL("here", to(pick()).c_str());  // where it is refused
}

TEST(Pick, HoldsRequestsUntilTheNodesHaveReported) {
  SomeCluster fresh({.hold = 1s, .expected = 1});
  request.relay = false;
  Choice choice = lb::pick({fresh.table, settings}, request, rng, fresh.now);
  CHECK(choice.kind == Choice::Kind::kHold);
  CHECK(choice.hold_until == fresh.now + 1s);
  PickRequest direct = request;
  direct.direct = true;
  CHECK(lb::pick({fresh.table, settings}, direct, rng, fresh.now).kind == Choice::Kind::kServe);
  fresh.add("edge1");
  CHECK(lb::pick({fresh.table, settings}, request, rng, fresh.now).kind == Choice::Kind::kRedirect);
}

TEST(Pick, ServesHereWhenThereIsNobodyElse) {
  const Choice choice = pick();
  CHECK(choice.kind == Choice::Kind::kServe);
  CHECK(choice.reason == PickReason::kNobodyElse);
  CHECK_EQUAL(kNoNode, choice.node);
}

TEST(Pick, ServesHereWhatTheClusterHasNoRoomForAndThenRefuses) {
  const NodeSlot edge = cluster.add("edge1", 1000);
  const NodeSlot self = cluster.add_self(500, 0);
  fill(edge, 0.9);
  Choice choice = pick();
  CHECK(choice.kind == Choice::Kind::kServe);
  CHECK(choice.reason == PickReason::kClusterFull);
  CHECK_EQUAL(self, choice.node);
  cluster.report(self, 450);
  choice = pick();
  CHECK(choice.kind == Choice::Kind::kRefuse);
  CHECK(choice.reason == PickReason::kClusterFull);
  cluster.table.bye(edge, "", cluster.now);
  choice = pick();
  CHECK(choice.kind == Choice::Kind::kRefuse);
  CHECK(choice.reason == PickReason::kNobodyElse);
}

TEST(Pick, UsesTheBitrateOfTheMountForItsAccount) {
  cluster.add("edge1", 1e6);
  DOUBLES_EQUAL(128, pick().kbps, 0);
  cluster.table.set_mount_kbps("/a", 320);
  DOUBLES_EQUAL(320, pick().kbps, 0);
  request.kbps = 64;
  DOUBLES_EQUAL(64, pick().kbps, 0);
}

// -- this node

TEST(Pick, TakesPartItselfInProportionToItsWeight) {
  cluster.add("edge1", 3000 * 128);
  const NodeSlot self = cluster.add_self(1000 * 128, 1);
  settings.rules.affinity = false;
  const auto count = thousand();
  CHECK(count.at("here") > 200 && count.at("here") < 300);
  cluster.table.set_limits(self, {.most = {}, .weight = 0});
  CHECK_EQUAL(1000, thousand()["edge1"]);
}

TEST(Pick, ServesWhoCannotFollowWithinTheDirectBudget) {
  const NodeSlot edge = cluster.add("edge1", 1e6);
  const NodeSlot self = cluster.add_self(12'800, 0);
  request.direct = true;
  const Choice choice = pick();
  CHECK(choice.kind == Choice::Kind::kServe);
  CHECK(choice.reason == PickReason::kCannotFollow);
  CHECK_EQUAL(self, choice.node);
  // A tenth of 12,800 kbit/s is 10 listeners.
  cluster.report(self, 1152);
  CHECK(pick().kind == Choice::Kind::kServe);
  cluster.report(self, 1153);
  STRCMP_EQUAL("edge1", to(pick()).c_str());
  cluster.table.bye(edge, "", cluster.now);
  CHECK(pick().reason == PickReason::kNobodyElse);
}

TEST(Pick, AddsTheDirectBudgetToWhatThePolicyGivesThisNode) {
  const NodeSlot edge = cluster.add("edge1", 12'800);
  const NodeSlot self = cluster.add_self(12'800, 1);
  request.direct = true;
  cluster.report(edge, 6400);
  cluster.report(self, 6400);
  CHECK(pick().reason == PickReason::kCannotFollow);
  cluster.report(self, 12'000);
  CHECK(pick().reason != PickReason::kCannotFollow);
}

// -- explain

TEST(Pick, ExplainsItself) {
  const NodeSlot a = cluster.add("a", 10'000);
  const NodeSlot b = cluster.add("b", 10'000);
  cluster.report(a, 2000);
  settings.rules.affinity = false;
  settings.rules.policy = BalancePolicy::kLeastUtil;
  const Choice choice = pick();
  CHECK_EQUAL(b, choice.node);
  CHECK_EQUAL(2u, trace.rows.size());
  STRCMP_EQUAL("least-util", std::string(trace.policy).c_str());
  CHECK_FALSE(trace.affinity);
  DOUBLES_EQUAL(0.2, trace.rows[a].utilisation, 1e-9);
  DOUBLES_EQUAL(8000, trace.rows[a].room_kbps, 1e-9);
  CHECK_FALSE(trace.rows[a].chosen);
  CHECK_TRUE(trace.rows[b].chosen);
}

TEST(Pick, HasWordsForEveryReason) {
  for (int i = 0; i <= static_cast<int>(PickReason::kHeld); ++i) {
    CHECK_FALSE(to_text(static_cast<PickReason>(i)).empty());
  }
  for (int i = 0; i <= static_cast<int>(OutReason::kPassedOver); ++i) {
    CHECK_FALSE(to_text(static_cast<OutReason>(i)).empty());
  }
}
