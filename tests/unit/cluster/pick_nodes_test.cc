// The nodes that pick() chooses from: who may, limits and affinity.
#include <map>
#include <string>
#include <vector>

#include "cluster/pick_fixture.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

TEST_GROUP_BASE(PickNodes, PickFixture){};

// -- who may

TEST(PickNodes, LeavesOutNodesThatAreNotUp) {
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

TEST(PickNodes, LeavesOutWhoIsDeadThoughNoTimerHasRun) {
  const NodeSlot late = cluster.add("late");
  const NodeSlot other = cluster.add("other");
  cluster.pass(500ms);
  cluster.report(other, 0);
  CHECK(why_not(late) == OutReason::kSuspect);
  cluster.pass(500ms);
  CHECK(why_not(late) == OutReason::kDead);
}

TEST(PickNodes, UsesASuspectWhenNobodyElseHasRoom) {
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

TEST(PickNodes, LeavesOutWhoHasNoShareOrNoPlace) {
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

TEST(PickNodes, SendsNobodyFromHttpsToHttp) {
  NodeHello hello = SomeCluster::hello("both");
  hello.addresses.push_back(make_node_address(PublicScheme::kHttps, "both.example.org", 8443));
  cluster.add(hello);
  const NodeSlot plain = cluster.add("plain");
  request.scheme = PublicScheme::kHttps;
  CHECK(why_not(plain) == OutReason::kScheme);
  CHECK_EQUAL(1000, thousand()["both"]);
}

TEST(PickNodes, SendsToLiteralAddressesOnlyClientsOfThatFamily) {
  NodeHello hello = SomeCluster::hello("six");
  hello.addresses = {make_node_address(PublicScheme::kHttp, "2001:db8::2", 8000)};
  const NodeSlot six = cluster.add(hello);
  CHECK(why_not(six) == OutReason::kScheme);
  request.family = ClientFamily::kIpv6;
  CHECK(why_not(six) == OutReason::kIn);
  request.family = ClientFamily::kUnknown;
  CHECK(why_not(six) == OutReason::kScheme);
}

TEST(PickNodes, SendsProtectedMountsOnlyWhereThisIsEnforced) {
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
}

TEST(PickNodes, WantsAllTags) {
  cluster.table.configure({.hold = 0ms, .tags = {"eu", "premium"}}, cluster.now);
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

TEST(PickNodes, SendsToAPlainSlaveOnlyWhatItListed) {
  NodeHello hello = SomeCluster::hello("old", 0, NodeKind::kLegacy);
  hello.scope = MountScope::kListed;
  const NodeSlot old = cluster.add(hello);
  CHECK(why_not(old) == OutReason::kNotListed);
  cluster.table.snapshot(old, {{"/a", 0}}, cluster.now);
  CHECK(why_not(old) == OutReason::kIn);
}

TEST(PickNodes, PrefersNodesThatAreNear) {
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

TEST(PickNodes, SendsNobodyBackToWhereHeComesFrom) {
  const NodeSlot bad = cluster.add("bad", 1000);
  const NodeSlot good = cluster.add("good", 1000);
  request.avoid = node_key("bad");
  CHECK(why_not(bad) == OutReason::kAvoided);
  CHECK_EQUAL(1000, thousand()["good"]);
  cluster.table.bye(good, "", cluster.now);
  STRCMP_EQUAL("bad", to(pick()).c_str());
}

// -- limits

TEST(PickNodes, NeverExceedsALimit) {
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

TEST(PickNodes, CountsAListenerMTimesWhereSeveralMastersRedirect) {
  NodeHello hello = SomeCluster::hello("edge1");
  hello.capacity.listeners = 10;
  hello.masters = 4;
  const NodeSlot slot = cluster.add(hello);
  cluster.report(slot, 0, 6);
  CHECK(why_not(slot) == OutReason::kIn);
  cluster.report(slot, 0, 7);
  CHECK(why_not(slot) == OutReason::kFull);
}

TEST(PickNodes, GoesOnAboveNominalCapacityWhereThereIsNoLimit) {
  const NodeSlot a = cluster.add("a");
  const NodeSlot b = cluster.add("b");
  settings.rules.affinity = false;
  fill(a, 3);
  fill(b, 3);
  const auto count = thousand();
  CHECK(count.at("a") > 400 && count.at("b") > 400);
}

// -- affinity

TEST(PickNodes, StaysWithTheCarrierOfAMount) {
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

TEST(PickNodes, PutsAMountOnTheSameNodeAtEveryMaster) {
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

TEST(PickNodes, AddsACarrierWhenTheOthersAreAboveTheBound) {
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

TEST(PickNodes, LetsALightMountStayALittleLonger) {
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

TEST(PickNodes, SpreadsABusyMountOverTwoNodes) {
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

TEST(PickNodes, CountsListenersOnTheirWayAsAnAudience) {
  const NodeSlot a = cluster.add("a", 1e6);
  cluster.add("b", 1e6);
  fill(a, 0.01);
  cluster.pass(1ms);
  for (int i = 0; i < 10; ++i) cluster.table.issued(a, "/a", 128, cluster.now);
  STRCMP_EQUAL("b", to(pick()).c_str());
}

TEST(PickNodes, TakesAnyNodeWithRoomWhenAllAreAboveTheBound) {
  const NodeSlot a = cluster.add("a", 1280);
  const NodeSlot b = cluster.add("b", 1280);
  cluster.report(a, 128, 1);
  cluster.report(b, 128, 1);
  const auto count = thousand();
  CHECK(count.at("a") > 400 && count.at("b") > 400);
  CHECK(why_not(a) == OutReason::kIn);
}

TEST(PickNodes, KeepsAFloorUpToWhichCarriersStayOpen) {
  const NodeSlot a = cluster.add("a", 1e6);
  cluster.add("b", 1e6);
  cluster.table.delta(a, {{"/a", 2000}});
  settings.rules.min_carriers = 1;
  fill(a, 0.3);
  STRCMP_EQUAL("b", to(pick()).c_str());
  settings.floor = 0.5;
  STRCMP_EQUAL("a", to(pick()).c_str());
}

TEST(PickNodes, IsNotMisledByAFullNode) {
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

TEST(PickNodes, HasRulesForSingleMounts) {
  const NodeSlot a = cluster.add("a", 1e6);
  cluster.add("b", 1e6);
  cluster.table.delta(a, {{"/a", 5}});
  settings.mounts["/a"] = {.when = BalanceWhen::kNever};
  CHECK(pick().reason == PickReason::kNever);
  request.mount = "/b";
  CHECK(pick().kind == Choice::Kind::kRedirect);
}
