#include "cluster/pick.h"

#include <map>
#include <string>
#include <vector>

#include "cluster/some_cluster.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace std::chrono_literals;

TEST_GROUP(Pick) {
  SomeCluster cluster;
  BalanceSettings settings;
  PickRequest request;
  Rng rng{7};
  PickTrace trace;

  Choice pick() {
    trace = {};
    return lb::pick({cluster.table, settings}, request, rng, cluster.now, &trace);
  }
  void setup() override { request.mount = "/a"; }
  // Whether the node is among those that the choice could fall on.
  OutReason why_not(NodeSlot slot) {
    pick();
    return slot < trace.rows.size() ? trace.rows[slot].out : OutReason::kFree;
  }
  std::string to(const Choice& choice) {
    if (choice.kind == Choice::Kind::kServe) return "here";
    if (choice.kind == Choice::Kind::kHold) return "hold";
    if (choice.kind == Choice::Kind::kRefuse) return "refuse";
    return cluster.table.node(choice.node).id;
  }
  // Of a thousand picks, without any account.
  std::map<std::string, int> thousand() {
    std::map<std::string, int> count;
    for (int i = 0; i < 1000; ++i) ++count[to(pick())];
    return count;
  }
  void fill(NodeSlot slot, double utilisation) {
    const double kbps = cluster.table.node(slot).share_kbps * utilisation;
    cluster.report(slot, kbps, static_cast<unsigned>(kbps / 128));
  }
};

// -- answers before any node is looked at
// ----------------------------------------------------------

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

// -- who may -------------------------------------------------------------------------------------

TEST(Pick, LeavesOutNodesThatAreNotUp) {
  const NodeSlot dead = cluster.add("dead");
  const NodeSlot draining = cluster.add("draining");
  const NodeSlot forgotten = cluster.add("forgotten");
  const NodeSlot joining = *cluster.table.hello(SomeCluster::hello("joining"), cluster.now);
  cluster.table.bye(dead, "", cluster.now);
  cluster.table.drain(draining, "", cluster.now);
  cluster.table.forget(forgotten);
  CHECK(why_not(dead) == OutReason::kDead);
  CHECK(why_not(draining) == OutReason::kDraining);
  CHECK(why_not(forgotten) == OutReason::kFree);
  CHECK(why_not(joining) == OutReason::kJoining);
  CHECK(pick().reason == PickReason::kNobodyElse);
}

TEST(Pick, LeavesOutWhoIsDeadThoughNoTimerHasRun) {
  const NodeSlot late = cluster.add("late");
  const NodeSlot other = cluster.add("other");
  cluster.pass(500ms);
  cluster.report(other, 0);
  CHECK(why_not(late) == OutReason::kSuspect);
  cluster.pass(500ms);
  CHECK(why_not(late) == OutReason::kDead);
}

TEST(Pick, UsesASuspectWhenNobodyElseHasRoom) {
  const NodeSlot late = cluster.add("late", 1000);
  const NodeSlot other = cluster.add("other", 1000);
  cluster.pass(500ms);
  fill(other, 0.5);
  STRCMP_EQUAL("other", to(pick()).c_str());
  fill(other, 0.9);
  STRCMP_EQUAL("late", to(pick()).c_str());
  CHECK(why_not(late) == OutReason::kIn);
  CHECK(why_not(other) == OutReason::kFull);
}

TEST(Pick, LeavesOutWhoHasNoShareOrNoPlace) {
  SomeCluster one({.max_redirect_slaves = 1, .hold = 0ms});
  NodeHello hello = SomeCluster::hello("weightless");
  hello.limits.weight = 0;
  const NodeSlot weightless = one.add(hello);
  const NodeSlot second = one.add("second");
  trace = {};
  lb::pick({one.table, settings}, request, rng, one.now, &trace);
  CHECK(trace.rows[weightless].out == OutReason::kNoShare);
  CHECK(trace.rows[second].out == OutReason::kNotAdmitted);
}

TEST(Pick, SendsNobodyFromHttpsToHttp) {
  NodeHello hello = SomeCluster::hello("both");
  hello.addresses.push_back(make_node_address(PublicScheme::kHttps, "both.example.org", 8443));
  cluster.add(hello);
  const NodeSlot plain = cluster.add("plain");
  request.scheme = PublicScheme::kHttps;
  CHECK(why_not(plain) == OutReason::kScheme);
  CHECK_EQUAL(1000, thousand()["both"]);
}

TEST(Pick, SendsToLiteralAddressesOnlyClientsOfThatFamily) {
  NodeHello hello = SomeCluster::hello("six");
  hello.addresses = {make_node_address(PublicScheme::kHttp, "2001:db8::2", 8000)};
  const NodeSlot six = cluster.add(hello);
  CHECK(why_not(six) == OutReason::kScheme);
  request.family = ClientFamily::kIpv6;
  CHECK(why_not(six) == OutReason::kIn);
  request.family = ClientFamily::kUnknown;
  CHECK(why_not(six) == OutReason::kScheme);
}

TEST(Pick, SendsProtectedMountsOnlyWhereThisIsEnforced) {
  NodeHello hello = SomeCluster::hello("strict");
  hello.enforces = 1 | 2;
  const NodeSlot strict = cluster.add(hello);
  const NodeSlot lax = cluster.add(SomeCluster::hello("lax", 0, NodeKind::kLegacy));
  const NodeSlot some = cluster.add("some");
  cluster.table.delta(some, {{"/a", 0, false, 1}});
  const NodeSlot self = cluster.add_self();
  request.needs = 1;
  CHECK(why_not(lax) == OutReason::kProtection);
  CHECK(why_not(strict) == OutReason::kIn);
  CHECK(why_not(some) != OutReason::kProtection);
  CHECK(why_not(self) != OutReason::kProtection);
  request.needs = 1 | 4;
  CHECK(why_not(strict) == OutReason::kProtection);
  CHECK(why_not(some) == OutReason::kProtection);
  STRCMP_EQUAL("here", to(pick()).c_str());
  const NodeKey doing_it[] = {node_key("other"), node_key("some")};
  request.enforcing = doing_it;
  CHECK(why_not(some) != OutReason::kProtection);
  CHECK(why_not(lax) == OutReason::kProtection);
}

TEST(Pick, WantsAllTags) {
  NodeHello hello = SomeCluster::hello("rich");
  hello.tags = {"eu", "premium"};
  const NodeSlot rich = cluster.add(hello);
  hello = SomeCluster::hello("poor");
  hello.tags = {"eu"};
  const NodeSlot poor = cluster.add(hello);
  const std::string_view both[] = {"eu", "premium"};
  request.tags = both;
  CHECK(why_not(rich) == OutReason::kIn);
  CHECK(why_not(poor) == OutReason::kTags);
  const std::string_view unknown[] = {"eu", "mars"};
  request.tags = unknown;
  CHECK(why_not(rich) == OutReason::kTags);
}

TEST(Pick, SendsToAPlainSlaveOnlyWhatItListed) {
  NodeHello hello = SomeCluster::hello("old", 0, NodeKind::kLegacy);
  hello.scope = MountScope::kListed;
  const NodeSlot old = cluster.add(hello);
  CHECK(why_not(old) == OutReason::kNotListed);
  cluster.table.snapshot(old, {{"/a", 0}}, cluster.now);
  CHECK(why_not(old) == OutReason::kIn);
}

TEST(Pick, PrefersNodesThatAreNear) {
  NodeHello hello = SomeCluster::hello("de", 1000);
  hello.countries = {"AT", "DE"};
  const NodeSlot near = cluster.add(hello);
  hello = SomeCluster::hello("us", 1000);
  hello.countries = {"US"};
  const NodeSlot far = cluster.add(hello);
  request.country = "DE";
  CHECK(why_not(far) == OutReason::kFar);
  CHECK_EQUAL(1000, thousand()["de"]);
  fill(near, 0.9);
  CHECK_EQUAL(1000, thousand()["us"]);
  request.country = "";
  settings.rules.affinity = false;
  fill(near, 0);
  CHECK(thousand()["us"] > 300);
}

TEST(Pick, SendsNobodyBackToWhereHeComesFrom) {
  const NodeSlot bad = cluster.add("bad", 1000);
  const NodeSlot good = cluster.add("good", 1000);
  request.avoid = node_key("bad");
  CHECK(why_not(bad) == OutReason::kAvoided);
  CHECK_EQUAL(1000, thousand()["good"]);
  cluster.table.bye(good, "", cluster.now);
  STRCMP_EQUAL("bad", to(pick()).c_str());
}

// -- limits
// -----------------------------------------------------------------------------------------

TEST(Pick, NeverExceedsALimit) {
  NodeHello hello = SomeCluster::hello("kbps", 1000);
  const NodeSlot kbps = cluster.add(hello);
  hello = SomeCluster::hello("heads");
  hello.capacity.listeners = 10;
  const NodeSlot heads = cluster.add(hello);
  hello = SomeCluster::hello("rate");
  hello.capacity.accepts = 4;
  const NodeSlot rate = cluster.add(hello);
  cluster.report(kbps, 872.1);
  CHECK(why_not(kbps) == OutReason::kFull);
  cluster.report(kbps, 871.9);
  CHECK(why_not(kbps) != OutReason::kFull);
  cluster.report(heads, 0, 10);
  CHECK(why_not(heads) == OutReason::kFull);
  cluster.table.issued(rate, "/a", 128, cluster.now);
  CHECK(why_not(rate) == OutReason::kFull);
  cluster.pass(250ms);
  CHECK(why_not(rate) != OutReason::kFull);
}

TEST(Pick, CountsAListenerMTimesWhereSeveralMastersRedirect) {
  NodeHello hello = SomeCluster::hello("edge1");
  hello.capacity.listeners = 10;
  hello.masters = 4;
  const NodeSlot slot = cluster.add(hello);
  cluster.report(slot, 0, 6);
  CHECK(why_not(slot) == OutReason::kIn);
  cluster.report(slot, 0, 7);
  CHECK(why_not(slot) == OutReason::kFull);
}

TEST(Pick, GoesOnAboveNominalCapacityWhereThereIsNoLimit) {
  const NodeSlot a = cluster.add("a");
  const NodeSlot b = cluster.add("b");
  settings.rules.affinity = false;
  fill(a, 3);
  fill(b, 3);
  const auto count = thousand();
  CHECK(count.at("a") > 400 && count.at("b") > 400);
}

// -- affinity
// ---------------------------------------------------------------------------------------

TEST(Pick, StaysWithTheCarrierOfAMount) {
  const NodeSlot a = cluster.add("a", 1e6);
  const NodeSlot b = cluster.add("b", 1e6);
  fill(a, 0.50);
  fill(b, 0.51);
  cluster.table.delta(b, {{"/a", 5}});
  CHECK_EQUAL(1000, thousand()["b"]);
  CHECK(why_not(a) == OutReason::kNoCarrier);
  settings.rules.affinity = false;
  CHECK(thousand()["a"] > 400);
}

TEST(Pick, PutsAMountOnTheSameNodeAtEveryMaster) {
  std::map<std::string, int> count;
  for (int i = 0; i < 10; ++i) cluster.add("edge" + std::to_string(i), 1e6);
  const std::string first = to(pick());
  CHECK(pick().reason == PickReason::kNewCarrier);
  CHECK_EQUAL(1000, thousand()[first]);
  SomeCluster other;
  for (int i = 9; i >= 0; --i) other.add("edge" + std::to_string(i), 1e6);
  const Choice choice = lb::pick({other.table, settings}, request, rng, other.now);
  STRCMP_EQUAL(first.c_str(), other.table.node(choice.node).id.c_str());
  CHECK(why_not(cluster.table.find(first)) == OutReason::kIn);
  CHECK(why_not(cluster.table.find(first == "edge0" ? "edge1" : "edge0")) ==
        OutReason::kPassedOver);
}

TEST(Pick, AddsACarrierWhenTheOthersAreAboveTheBound) {
  const NodeSlot a = cluster.add("a", 1e6);
  const NodeSlot b = cluster.add("b", 1e6);
  cluster.table.delta(a, {{"/a", 2000}});
  fill(a, 0.526);
  fill(b, 0.474);
  // Mean 0.5, bound 0.525.
  const Choice choice = pick();
  STRCMP_EQUAL("b", to(choice).c_str());
  CHECK(choice.reason == PickReason::kNewCarrier);
  DOUBLES_EQUAL(0.5, trace.mean_utilisation, 0.001);
  DOUBLES_EQUAL(0.525, trace.bound, 0.001);
  CHECK(trace.rows[a].out == OutReason::kAboveBound);
  CHECK_FALSE(trace.light);
}

TEST(Pick, LetsALightMountStayALittleLonger) {
  const NodeSlot a = cluster.add("a", 1e6);
  const NodeSlot b = cluster.add("b", 1e6);
  settings.rules.min_carriers = 1;
  cluster.table.delta(a, {{"/a", 300}});
  fill(a, 0.526);
  fill(b, 0.474);
  STRCMP_EQUAL("a", to(pick()).c_str());
  CHECK_TRUE(trace.light);
  fill(a, 0.551);
  fill(b, 0.449);
  STRCMP_EQUAL("b", to(pick()).c_str());
}

TEST(Pick, SpreadsABusyMountOverTwoNodes) {
  const NodeSlot a = cluster.add("a", 1e6);
  fill(cluster.add("b", 1e6), 0.5);
  cluster.table.delta(a, {{"/a", 9}});
  fill(a, 0.5);
  STRCMP_EQUAL("a", to(pick()).c_str());
  cluster.table.delta(a, {{"/a", 10}});
  STRCMP_EQUAL("b", to(pick()).c_str());
  settings.rules.min_carriers = 1;
  STRCMP_EQUAL("a", to(pick()).c_str());
  settings.rules.min_carriers = 0;
  STRCMP_EQUAL("a", to(pick()).c_str());
}

TEST(Pick, CountsListenersOnTheirWayAsAnAudience) {
  const NodeSlot a = cluster.add("a", 1e6);
  cluster.add("b", 1e6);
  fill(a, 0.01);
  cluster.pass(1ms);
  for (int i = 0; i < 10; ++i) cluster.table.issued(a, "/a", 128, cluster.now);
  STRCMP_EQUAL("b", to(pick()).c_str());
}

TEST(Pick, TakesAnyNodeWithRoomWhenAllAreAboveTheBound) {
  const NodeSlot a = cluster.add("a", 1280);
  const NodeSlot b = cluster.add("b", 1280);
  cluster.report(a, 128, 1);
  cluster.report(b, 128, 1);
  const auto count = thousand();
  CHECK(count.at("a") > 400 && count.at("b") > 400);
  CHECK(why_not(a) == OutReason::kIn);
}

TEST(Pick, KeepsAFloorUpToWhichCarriersStayOpen) {
  const NodeSlot a = cluster.add("a", 1e6);
  cluster.add("b", 1e6);
  cluster.table.delta(a, {{"/a", 2000}});
  settings.rules.min_carriers = 1;
  fill(a, 0.3);
  STRCMP_EQUAL("b", to(pick()).c_str());
  settings.floor = 0.5;
  STRCMP_EQUAL("a", to(pick()).c_str());
}

TEST(Pick, IsNotMisledByAFullNode) {
  // Full by listeners at a low utilisation in kbit/s: it must not hold the mean down.
  NodeHello hello = SomeCluster::hello("full", 1e6);
  hello.capacity.listeners = 7000;
  const NodeSlot full = cluster.add(hello);
  const NodeSlot a = cluster.add("a", 1e6);
  cluster.add("b", 1e6);
  cluster.report(full, 1000, 7000);
  fill(a, 0.5);
  fill(cluster.table.find("b"), 0.5);
  cluster.table.delta(a, {{"/a", 5}});
  CHECK_EQUAL(1000, thousand()["a"]);
  DOUBLES_EQUAL(0.5, trace.mean_utilisation, 1e-9);
}

TEST(Pick, HasRulesForSingleMounts) {
  const NodeSlot a = cluster.add("a", 1e6);
  cluster.add("b", 1e6);
  cluster.table.delta(a, {{"/a", 5}});
  settings.mounts["/a"] = {.when = BalanceWhen::kNever};
  CHECK(pick().reason == PickReason::kNever);
  request.mount = "/b";
  CHECK(pick().kind == Choice::Kind::kRedirect);
}

// -- this node
// -------------------------------------------------------------------------------------

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
// ------------------------------------------------------------------------------------------

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
