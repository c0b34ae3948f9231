#include "cluster/node_table.h"

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "cluster/some_cluster.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace std::chrono_literals;

TEST_GROUP(NodeTable) { SomeCluster cluster; };

// -- who is there --------------------------------------------------------------------------------

TEST(NodeTable, TakesALinkForUpOnceItHasSaidWhatItCarries) {
  const NodeSlot slot = *cluster.table.hello(SomeCluster::hello("edge1", 1000), cluster.now);
  CHECK(cluster.state(slot) == NodeState::kJoining);
  STRCMP_EQUAL("", cluster.events().c_str());
  cluster.table.snapshot(slot, {{"/a", 5}}, cluster.now);
  CHECK(cluster.state(slot) == NodeState::kUp);
  STRCMP_EQUAL("up edge1", cluster.events().c_str());
  CHECK_EQUAL(5u, cluster.table.mount_listeners("/a"));
}

TEST(NodeTable, TakesOneThatPollsForUpAtOnce) {
  const NodeSlot slot = cluster.add(SomeCluster::hello("old", 0, NodeKind::kLegacy));
  CHECK(cluster.state(slot) == NodeState::kUp);
}

TEST(NodeTable, FindsNodesByIdAndKey) {
  const NodeSlot slot = cluster.add("edge1");
  CHECK_EQUAL(slot, cluster.table.find("edge1"));
  CHECK_EQUAL(slot, cluster.table.find(node_key("edge1")));
  CHECK_EQUAL(kNoNode, cluster.table.find("edge2"));
  CHECK_EQUAL(kNoNode, cluster.table.find(node_key("edge2")));
  CHECK_EQUAL(kNoNode, cluster.table.self());
  CHECK_EQUAL(cluster.add_self(), cluster.table.self());
}

TEST(NodeTable, RefusesANodeWithoutAnId) {
  CHECK_FALSE(cluster.table.hello({}, cluster.now).has_value());
  CHECK_EQUAL(0u, cluster.table.nodes().size());
}

TEST(NodeTable, RefusesASecondProcessWithTheSameId) {
  cluster.add("edge1");
  NodeHello twin = SomeCluster::hello("edge1");
  twin.epoch = "2";
  const auto refused = cluster.table.hello(twin, cluster.now + 900ms);
  CHECK_FALSE(refused.has_value());
  CHECK(refused.error().code == Error::Code::kDenied);
  STRCMP_CONTAINS("node edge1", refused.error().what.c_str());
  // … unless the first one has been silent for as long as makes it dead.
  CHECK(cluster.table.hello(twin, cluster.now + 1s).has_value());
}

TEST(NodeTable, RefusesAPostUnderTheIdOfALink) {
  cluster.add("edge1");
  CHECK_FALSE(cluster.table.hello(SomeCluster::hello("edge1", 0, NodeKind::kLegacy), cluster.now)
                  .has_value());
}

TEST(NodeTable, LetsALinkTakeOverFromPosts) {
  const NodeSlot slot = cluster.add(SomeCluster::hello("edge1", 0, NodeKind::kLegacy));
  CHECK_EQUAL(slot, cluster.add("edge1"));
  CHECK(cluster.table.node(slot).kind == NodeKind::kLink);
}

TEST(NodeTable, KeepsWhatIsOnItsWayWhenAConnectionIsReplaced) {
  const NodeSlot slot = cluster.add("edge1", 1000);
  cluster.table.issued(slot, "/a", 128, cluster.now);
  CHECK_EQUAL(slot, *cluster.table.hello(SomeCluster::hello("edge1", 2000), cluster.now));
  CHECK_EQUAL(1u, cluster.table.node(slot).unacked.count());
  DOUBLES_EQUAL(2000, cluster.table.node(slot).hard_kbps, 1e-9);
}

TEST(NodeTable, BeginsAnewWithANewRunOfANode) {
  const NodeSlot slot = cluster.add("edge1", 1000);
  cluster.table.snapshot(slot, {{"/a", 9}}, cluster.now);
  cluster.table.issued(slot, "/a", 128, cluster.now);
  cluster.table.connection_lost(slot, "connection reset", cluster.now);
  NodeHello again = SomeCluster::hello("edge1", 1000);
  again.epoch = "2";
  CHECK_EQUAL(slot, cluster.add(again));
  CHECK_EQUAL(0u, cluster.table.node(slot).unacked.count());
  CHECK_EQUAL(0u, cluster.table.mount_listeners("/a"));
  STRCMP_EQUAL("up edge1, down edge1 (connection reset), up edge1", cluster.events().c_str());
}

TEST(NodeTable, GivesTheSlotOfAForgottenNodeAway) {
  const NodeSlot first = cluster.add("edge1");
  cluster.table.snapshot(first, {{"/a", 3}}, cluster.now);
  const NodeSlot self = cluster.add_self();
  cluster.table.forget(first);
  CHECK_EQUAL(kNoNode, cluster.table.find("edge1"));
  CHECK_EQUAL(0u, cluster.table.mounts().size());
  CHECK_EQUAL(first, cluster.add("edge2"));
  cluster.table.forget(self);
  CHECK_EQUAL(kNoNode, cluster.table.self());
}

// -- what it can carry
// -----------------------------------------------------------------------------

TEST(NodeTable, ClampsWhatANodeClaims) {
  NodeHello hello = SomeCluster::hello("edge1");
  hello.capacity = {.kbps = 10e6, .listeners = 0, .accepts = 5000};
  hello.limits.most = {.kbps = 900'000, .listeners = 5000, .accepts = 100};
  const NodeSlot slot = cluster.add(hello);
  const Node& node = cluster.table.node(slot);
  DOUBLES_EQUAL(900'000, node.hard_kbps, 1e-9);
  DOUBLES_EQUAL(5000, node.hard_listeners, 1e-9);
  // Compared by the smaller of the two: 5000 listeners of 128 kbit/s.
  DOUBLES_EQUAL(640'000, node.share_kbps, 1e-9);
  int taken = 0;
  for (; node.accepts.allows(cluster.now); ++taken)
    cluster.table.issued(slot, "/a", 0, cluster.now);
  CHECK_EQUAL(25, taken);
}

TEST(NodeTable, BelievesASmallerClaimThanTheClamp) {
  NodeHello hello = SomeCluster::hello("edge1");
  hello.capacity = {.kbps = 500, .listeners = 10, .accepts = 0};
  hello.limits.most = {.kbps = 900'000, .listeners = 5000, .accepts = 0};
  const Node& node = cluster.table.node(cluster.add(hello));
  DOUBLES_EQUAL(500, node.hard_kbps, 1e-9);
  DOUBLES_EQUAL(10, node.hard_listeners, 1e-9);
}

TEST(NodeTable, ComparesANodeWithoutLimitsAsOneOfNominalSize) {
  const Node& node = cluster.table.node(cluster.add("edge1"));
  DOUBLES_EQUAL(kNominalKbps, node.share_kbps, 1e-9);
  CHECK_TRUE(node.has_room(1e9, cluster.now));
}

TEST(NodeTable, BearsNonsenseOfNumbers) {
  NodeHello hello = SomeCluster::hello("edge1", std::nan(""));
  hello.masters = 4'000'000'000;
  hello.every = -5ms;
  const NodeSlot slot = cluster.add(hello);
  DOUBLES_EQUAL(kNominalKbps, cluster.table.node(slot).share_kbps, 1e-9);
  CHECK_EQUAL(8, cluster.table.node(slot).masters);
  cluster.report(slot, -7);
  DOUBLES_EQUAL(0, cluster.table.node(slot).kbps(), 0);
  cluster.report(slot, std::numeric_limits<double>::infinity());
  DOUBLES_EQUAL(0, cluster.table.node(slot).kbps(), 0);
}

TEST(NodeTable, WeighsACapacityAnewWhenTheConfigurationSaysSo) {
  const NodeSlot slot = cluster.add("edge1", 1000);
  cluster.table.set_limits(slot, {.most = {.kbps = 600}, .weight = 3});
  DOUBLES_EQUAL(600, cluster.table.node(slot).hard_kbps, 1e-9);
  DOUBLES_EQUAL(1800, cluster.table.node(slot).share_kbps, 1e-9);
  cluster.table.set_limits(slot, {.most = {}, .weight = 0});
  DOUBLES_EQUAL(0, cluster.table.node(slot).share_kbps, 0);
}

TEST(NodeTable, KeepsTheOrderOfMountsOverSmallChangesOfCapacity) {
  const NodeSlot slot = cluster.add("edge1", 1000);
  const double before = cluster.table.node(slot).rendezvous_weight;
  DOUBLES_EQUAL(1000, before, 1e-9);
  CHECK(cluster.table.hello(SomeCluster::hello("edge1", 1150), cluster.now).has_value());
  DOUBLES_EQUAL(1000, cluster.table.node(slot).rendezvous_weight, 1e-9);
  CHECK(cluster.table.hello(SomeCluster::hello("edge1", 1250), cluster.now).has_value());
  DOUBLES_EQUAL(1250, cluster.table.node(slot).rendezvous_weight, 1e-9);
}

// -- liveness ------------------------------------------------------------------------------------

TEST(NodeTable, SuspectsALinkAfterOneAndAHalfReportsAndBuriesItAfterFour) {
  const NodeSlot slot = cluster.add("edge1");
  cluster.events();
  const Node& node = cluster.table.node(slot);
  CHECK(node.state_at(cluster.now + 474ms) == NodeState::kUp);
  CHECK(node.state_at(cluster.now + 475ms) == NodeState::kSuspect);
  CHECK(node.state_at(cluster.now + 1s) == NodeState::kDead);
  CHECK(cluster.table.next_expiry() == cluster.now + 475ms);
  cluster.pass(475ms);
  cluster.table.expire(cluster.now);
  STRCMP_EQUAL("suspect edge1 (no report for 475 ms)", cluster.events().c_str());
  CHECK(cluster.table.next_expiry() == cluster.now + 525ms);
  cluster.pass(525ms);
  cluster.table.expire(cluster.now);
  STRCMP_EQUAL("down edge1 (no report for 1000 ms)", cluster.events().c_str());
  CHECK(cluster.table.next_expiry() == SteadyTime::max());
}

TEST(NodeTable, BuriesALinkThatNeverSaysWhatItCarries) {
  const NodeSlot slot = *cluster.table.hello(SomeCluster::hello("edge1"), cluster.now);
  cluster.pass(1s);
  cluster.table.expire(cluster.now);
  CHECK(cluster.state(slot) == NodeState::kDead);
}

TEST(NodeTable, BelievesASuspectAgainWhenItReports) {
  const NodeSlot slot = cluster.add("edge1");
  cluster.pass(500ms);
  cluster.table.expire(cluster.now);
  cluster.report(slot, 0);
  CHECK(cluster.state(slot) == NodeState::kUp);
  STRCMP_EQUAL("up edge1, suspect edge1 (no report for 500 ms), up edge1",
               cluster.events().c_str());
}

TEST(NodeTable, WaitsForOneThatPollsTenSecondsLongerThanItsInterval) {
  NodeHello hello = SomeCluster::hello("old", 0, NodeKind::kLegacy);
  hello.every = 120s;
  const Node& node = cluster.table.node(cluster.add(hello));
  CHECK(node.state_at(cluster.now + 121s) == NodeState::kUp);
  CHECK(node.state_at(cluster.now + 122s) == NodeState::kSuspect);
  CHECK(node.state_at(cluster.now + 130s) == NodeState::kDead);
}

TEST(NodeTable, NeverBuriesStaticNodesAndItself) {
  const NodeSlot fixed = cluster.add(SomeCluster::hello("fixed", 0, NodeKind::kStatic));
  const NodeSlot self = cluster.add_self();
  cluster.pass(std::chrono::hours(1000));
  cluster.table.expire(cluster.now);
  CHECK(cluster.state(fixed) == NodeState::kUp);
  CHECK(cluster.state(self) == NodeState::kUp);
}

TEST(NodeTable, BuriesALinkWithItsConnectionButNotOneThatPolls) {
  const NodeSlot link = cluster.add("edge1");
  const NodeSlot old = cluster.add(SomeCluster::hello("old", 0, NodeKind::kLegacy));
  cluster.table.connection_lost(link, "connection reset", cluster.now);
  cluster.table.connection_lost(old, "connection reset", cluster.now);
  CHECK(cluster.state(link) == NodeState::kDead);
  CHECK(cluster.state(old) == NodeState::kUp);
}

TEST(NodeTable, HearsADeadLinkOnlyAfterItHasSaidHello) {
  const NodeSlot slot = cluster.add("edge1");
  cluster.table.connection_lost(slot, "connection reset", cluster.now);
  cluster.report(slot, 500);
  cluster.table.snapshot(slot, {{"/a", 1}}, cluster.now);
  cluster.table.delta(slot, {{"/a", 1}});
  CHECK(cluster.state(slot) == NodeState::kDead);
  DOUBLES_EQUAL(0, cluster.table.node(slot).kbps(), 0);
  CHECK_EQUAL(0u, cluster.table.mounts().size());
  cluster.add("edge1");
  CHECK(cluster.state(slot) == NodeState::kUp);
}

TEST(NodeTable, HearsADeadSlaveThatPollsAgain) {
  const NodeSlot slot = cluster.add(SomeCluster::hello("old", 0, NodeKind::kLegacy));
  cluster.pass(11s);
  cluster.table.expire(cluster.now);
  CHECK(cluster.state(slot) == NodeState::kDead);
  cluster.report(slot, 128, 1);
  CHECK(cluster.state(slot) == NodeState::kUp);
}

TEST(NodeTable, TakesDrainingAndLeavingNodesOut) {
  const NodeSlot slot = cluster.add("edge1");
  cluster.table.drain(slot, "drain soft", cluster.now);
  cluster.report(slot, 0);
  CHECK(cluster.state(slot) == NodeState::kDraining);
  cluster.table.undrain(slot, cluster.now);
  CHECK(cluster.state(slot) == NodeState::kUp);
  cluster.table.bye(slot, "restart", cluster.now);
  cluster.table.undrain(slot, cluster.now);
  cluster.table.drain(slot, "late", cluster.now);
  CHECK(cluster.state(slot) == NodeState::kDead);
  STRCMP_EQUAL("up edge1, drain edge1 (drain soft), up edge1, down edge1 (restart)",
               cluster.events().c_str());
}

TEST(NodeTable, SuspectsANodeWhoseLoopIsStuck) {
  const NodeSlot slot = cluster.add("edge1");
  LoadReport report = cluster.load(0, 0);
  report.loop_ms = 312;
  cluster.table.report(slot, report);
  CHECK(cluster.state(slot) == NodeState::kSuspect);
  STRCMP_EQUAL("its loop took 312 ms", cluster.table.node(slot).why.c_str());
  report.loop_ms = 200;
  cluster.table.report(slot, report);
  CHECK(cluster.state(slot) == NodeState::kUp);
}

TEST(NodeTable, SuspectsANodeWhereListenersDoNotArrive) {
  const NodeSlot slot = cluster.add("edge1");
  cluster.report_arrivals(slot, 0, 0);
  for (int i = 0; i < 30; ++i) cluster.table.issued(slot, "/a", 128, cluster.now);
  for (int i = 0; i < 44; ++i) {
    cluster.pass(250ms);
    cluster.report_arrivals(slot, 0, 10);
  }
  CHECK(cluster.state(slot) == NodeState::kSuspect);
  CHECK_EQUAL(10u, cluster.table.node(slot).arrived);
  CHECK_EQUAL(20u, cluster.table.node(slot).lost);
  for (int i = 0; i < 4 * 61; ++i) {
    cluster.pass(250ms);
    cluster.report_arrivals(slot, 0, 10);
  }
  CHECK(cluster.state(slot) == NodeState::kUp);
}

TEST(NodeTable, DoesNotDoubtANodeForAFewWhoNeverCame) {
  const NodeSlot slot = cluster.add("edge1");
  cluster.report_arrivals(slot, 0, 0);
  for (int i = 0; i < 30; ++i) cluster.table.issued(slot, "/a", 128, cluster.now);
  for (int i = 0; i < 60; ++i) {
    cluster.pass(250ms);
    cluster.report_arrivals(slot, 0, 16);
  }
  CHECK(cluster.state(slot) == NodeState::kUp);
}

// -- un-acknowledged redirects
// -----------------------------------------------------------------------

TEST(NodeTable, EstimatesReportPlusMTimesWhatIsOnItsWay) {
  NodeHello hello = SomeCluster::hello("edge1", 10'000);
  hello.masters = 3;
  const NodeSlot slot = cluster.add(hello);
  cluster.report(slot, 1000, 8);
  cluster.pass(1ms);
  for (int i = 0; i < 2; ++i) cluster.table.issued(slot, "/a", 128, cluster.now);
  DOUBLES_EQUAL(1000 + 3 * 256, cluster.table.node(slot).kbps(), 1e-9);
  DOUBLES_EQUAL(8 + 3 * 2, cluster.table.node(slot).listeners(), 1e-9);
  LoadReport report = cluster.load(1000, 8);
  report.masters = 99;
  cluster.table.report(slot, report);
  CHECK_EQUAL(8, cluster.table.node(slot).masters);
}

TEST(NodeTable, TakesAsManyOffAsHaveArrived) {
  NodeHello hello = SomeCluster::hello("edge1", 10'000);
  hello.arrivals = 20'000;
  const NodeSlot slot = cluster.add(hello);
  for (int i = 0; i < 5; ++i) cluster.table.issued(slot, "/a", 128, cluster.now);
  cluster.pass(250ms);
  cluster.report_arrivals(slot, 3 * 128, 20'003);
  CHECK_EQUAL(2u, cluster.table.node(slot).unacked.count());
  DOUBLES_EQUAL(5 * 128, cluster.table.node(slot).kbps(), 1e-9);
}

TEST(NodeTable, CountsArrivalsFromTheFirstReportIfTheHelloHadNone) {
  const NodeSlot slot = cluster.add("edge1");
  cluster.table.issued(slot, "/a", 128, cluster.now);
  cluster.report_arrivals(slot, 0, 7000);
  CHECK_EQUAL(1u, cluster.table.node(slot).unacked.count());
  cluster.report_arrivals(slot, 128, 7001);
  CHECK_EQUAL(0u, cluster.table.node(slot).unacked.count());
}

TEST(NodeTable, IsNotConfusedByAnArrivalCountThatFalls) {
  NodeHello hello = SomeCluster::hello("edge1");
  hello.arrivals = 100;
  const NodeSlot slot = cluster.add(hello);
  cluster.table.issued(slot, "/a", 128, cluster.now);
  cluster.report_arrivals(slot, 0, 3);
  CHECK_EQUAL(1u, cluster.table.node(slot).unacked.count());
  cluster.report_arrivals(slot, 0, 4);
  CHECK_EQUAL(0u, cluster.table.node(slot).unacked.count());
}

TEST(NodeTable, LetsRedirectsAgeOnlyAgainstANewerReport) {
  const NodeSlot slot = cluster.add("edge1");
  cluster.report_arrivals(slot, 0, 0);
  cluster.table.issued(slot, "/a", 128, cluster.now);
  cluster.pass(1h);
  cluster.table.expire(cluster.now - 59min - 59s - 900ms);
  CHECK_EQUAL(1u, cluster.table.node(slot).unacked.count());
  LoadReport report = cluster.load(0, 0);
  report.arrivals = 0;
  report.sampled = cluster.now - 1h + 5s;
  cluster.table.report(slot, report);
  CHECK_EQUAL(1u, cluster.table.node(slot).unacked.count());
  report.sampled += 1ms;
  cluster.table.report(slot, report);
  CHECK_EQUAL(0u, cluster.table.node(slot).unacked.count());
  CHECK_EQUAL(1u, cluster.table.node(slot).lost);
}

TEST(NodeTable, TakesWhatIsHalfASecondOldForArrivedWhereArrivalsAreNotCounted) {
  const NodeSlot slot = cluster.add("edge1");
  cluster.table.issued(slot, "/a", 128, cluster.now);
  cluster.pass(500ms);
  cluster.report(slot, 128, 1);
  CHECK_EQUAL(1u, cluster.table.node(slot).unacked.count());
  cluster.pass(1ms);
  cluster.report(slot, 128, 1);
  CHECK_EQUAL(0u, cluster.table.node(slot).unacked.count());
}

TEST(NodeTable, TakesASlaveWithoutCountsToHoldWhatItWasSentLately) {
  const NodeSlot slot = cluster.add(SomeCluster::hello("kh", 0, NodeKind::kLegacy));
  cluster.table.issued(slot, "/a", 128, cluster.now);
  LoadReport poll;
  for (int i = 0; i < 240; ++i) {
    cluster.pass(5s);
    poll.received = poll.sampled = cluster.now;
    cluster.table.report(slot, poll);
  }
  DOUBLES_EQUAL(128, cluster.table.node(slot).kbps(), 1e-9);
  CHECK_TRUE(cluster.table.carries(cluster.table.mount("/a")->carriers.front(), cluster.now - 1s));
  cluster.pass(5s);
  poll.received = poll.sampled = cluster.now;
  cluster.table.report(slot, poll);
  DOUBLES_EQUAL(0, cluster.table.node(slot).kbps(), 0);
}

TEST(NodeTable, LetsRedirectsToStaticNodesAgeByTheClock) {
  const NodeSlot slot = cluster.add(SomeCluster::hello("fixed", 0, NodeKind::kStatic));
  cluster.table.issued(slot, "/a", 128, cluster.now);
  cluster.pass(20min + 1ms);
  cluster.table.expire(cluster.now);
  CHECK_EQUAL(0u, cluster.table.node(slot).unacked.count());
}

TEST(NodeTable, ReckonsListenersWithoutABitrateAt128) {
  const NodeSlot slot = cluster.add(SomeCluster::hello("old", 0, NodeKind::kLegacy));
  LoadReport report;
  report.received = report.sampled = cluster.now;
  report.listeners = 10;
  cluster.table.report(slot, report);
  DOUBLES_EQUAL(1280, cluster.table.node(slot).kbps(), 1e-9);
}

// -- mounts --------------------------------------------------------------------------------------

TEST(NodeTable, AddsUpTheListenersOfTheCluster) {
  const NodeSlot a = cluster.add("edge1");
  const NodeSlot b = cluster.add("edge2");
  const NodeSlot self = cluster.add_self();
  LoadReport report = cluster.load(0, 12);
  report.changed = {{"/a", 10}, {"/b", 2}};
  cluster.table.report(a, report);
  cluster.table.snapshot(b, {{"/a", 5}}, cluster.now);
  cluster.report(b, 0, 5);
  cluster.table.delta(self, {{"/a", 1}});
  cluster.report(self, 0, 1);
  CHECK_EQUAL(16u, cluster.table.mount_listeners("/a"));
  CHECK_EQUAL(2u, cluster.table.mount_listeners("/b"));
  CHECK_EQUAL(0u, cluster.table.mount_listeners("/c"));
  CHECK_EQUAL(18u, cluster.table.listeners());
  cluster.table.bye(a, "restart", cluster.now);
  CHECK_EQUAL(6u, cluster.table.mount_listeners("/a"));
  CHECK_EQUAL(6u, cluster.table.listeners());
  CHECK_EQUAL(1u, cluster.table.mounts().size());
}

TEST(NodeTable, CountsAListenerOnHisWayAsACarrierForAWhile) {
  const NodeSlot slot = cluster.add("edge1");
  cluster.table.issued(slot, "/a", 128, cluster.now);
  const Carrier carrier = cluster.table.mount("/a")->carriers.front();
  CHECK_TRUE(cluster.table.carries(carrier, cluster.now + 1499ms));
  CHECK_FALSE(cluster.table.carries(carrier, cluster.now + 1500ms));
}

TEST(NodeTable, SweepsCarriersThatNeverWere) {
  const NodeSlot slot = cluster.add("edge1");
  cluster.table.issued(slot, "/gone", 128, cluster.now);
  cluster.table.snapshot(slot, {{"/stays", 0}, {"/could", 0, false, 1}}, cluster.now);
  cluster.pass(61s);
  cluster.report(slot, 0);
  cluster.table.expire(cluster.now);
  POINTERS_EQUAL(nullptr, cluster.table.mount("/gone"));
  CHECK_EQUAL(2u, cluster.table.mounts().size());
}

TEST(NodeTable, KnowsBitratesOfMounts) {
  cluster.table.set_mount_kbps("/a", 320);
  DOUBLES_EQUAL(320, cluster.table.mount("/a")->kbps, 0);
  cluster.table.forget_mount("/a");
  POINTERS_EQUAL(nullptr, cluster.table.mount("/a"));
}

TEST(NodeTable, GivesTagsBits) {
  NodeHello hello = SomeCluster::hello("edge1");
  for (int i = 0; i < 63; ++i) hello.tags.push_back("t" + std::to_string(i));
  const NodeSlot a = cluster.add(hello);
  hello = SomeCluster::hello("edge2");
  hello.tags = {"t0", "last", "toomany"};
  const NodeSlot b = cluster.add(hello);
  CHECK(cluster.table.tag_bit("t0") != 0);
  CHECK(cluster.table.tag_bit("toomany") == 0);
  CHECK((cluster.table.node(a).tags & cluster.table.node(b).tags) == cluster.table.tag_bit("t0"));
}

// -- max-redirect-slaves and the hold
// ----------------------------------------------------------------

TEST(NodeTable, AdmitsNoMoreSlavesThanConfigured) {
  SomeCluster two({.max_redirect_slaves = 2, .hold = 0ms});
  const NodeSlot a = two.add("edge1");
  const NodeSlot b = two.add("edge2");
  const NodeSlot c = two.add("edge3");
  CHECK_TRUE(two.table.node(a).admitted && two.table.node(b).admitted);
  CHECK_FALSE(two.table.node(c).admitted);
  two.table.bye(a, "restart", two.now);
  CHECK_TRUE(two.table.node(b).admitted && two.table.node(c).admitted);
  two.table.configure({.max_redirect_slaves = 0}, two.now);
  CHECK_FALSE(two.table.node(b).admitted);
}

TEST(NodeTable, HoldsRequestsUntilAllExpectedNodesAreUp) {
  SomeCluster fresh({.hold = 1s, .expected = 2});
  const SteadyTime start = fresh.now;
  CHECK(fresh.table.hold_until() == start + 1s);
  fresh.pass(100ms);
  fresh.add("edge1");
  fresh.add(SomeCluster::hello("fixed", 0, NodeKind::kStatic));
  CHECK(fresh.table.hold_until() == start + 1s);
  const NodeSlot joining = *fresh.table.hello(SomeCluster::hello("edge2"), fresh.now);
  CHECK(fresh.table.hold_until() == start + 1s);
  fresh.table.snapshot(joining, {}, fresh.now);
  CHECK(fresh.table.hold_until() == start + 100ms);
}

TEST(NodeTable, HoldsNobodyWithoutExpectedNodes) {
  SomeCluster fresh({.hold = 1s});
  CHECK(fresh.table.hold_until() <= fresh.now);
}

// -- hints and probes -----------------------------------------------------------------------------

TEST(NodeTable, WantsAProbeAfterThreeHints) {
  const NodeSlot slot = cluster.add("edge1");
  cluster.events();
  cluster.table.hint(slot, cluster.now);
  cluster.table.hint(slot, cluster.now);
  STRCMP_EQUAL("", cluster.events().c_str());
  for (int i = 0; i < 5; ++i) cluster.table.hint(slot, cluster.now);
  STRCMP_EQUAL("probe wanted edge1 (3 clients came back unserved)", cluster.events().c_str());
  cluster.table.probed(slot, true, cluster.now);
  CHECK(cluster.state(slot) == NodeState::kUp);
  CHECK_EQUAL(0u, cluster.table.node(slot).hints);
}

TEST(NodeTable, ProbesNoMoreOftenThanEveryTwoSeconds) {
  const NodeSlot slot = cluster.add("edge1");
  cluster.table.probed(slot, true, cluster.now);
  cluster.events();
  cluster.pass(1999ms);
  for (int i = 0; i < 9; ++i) cluster.table.hint(slot, cluster.now);
  STRCMP_EQUAL("", cluster.events().c_str());
  cluster.pass(1ms);
  cluster.table.hint(slot, cluster.now);
  STRCMP_CONTAINS("probe wanted", cluster.events().c_str());
}

TEST(NodeTable, ForgetsOldHintsAndThoseAgainstTheDead) {
  const NodeSlot slot = cluster.add("edge1");
  cluster.table.hint(slot, cluster.now);
  cluster.table.hint(slot, cluster.now);
  cluster.table.hint(slot, cluster.now + 31s);
  CHECK_EQUAL(1u, cluster.table.node(slot).hints);
  cluster.table.bye(slot, "", cluster.now);
  cluster.table.hint(slot, cluster.now + 31s);
  CHECK_EQUAL(1u, cluster.table.node(slot).hints);
}

TEST(NodeTable, SuspectsANodeOutOfReachUntilAProbeSucceeds) {
  const NodeSlot slot = cluster.add("edge1");
  cluster.table.probed(slot, false, cluster.now);
  CHECK(cluster.state(slot) == NodeState::kSuspect);
  cluster.events();
  for (int i = 0; i < 20; ++i) {
    cluster.pass(250ms);
    cluster.report(slot, 0);
    cluster.table.expire(cluster.now);
  }
  CHECK(cluster.state(slot) == NodeState::kSuspect);
  STRCMP_EQUAL("probe wanted edge1 (its public address does not answer)", cluster.events().c_str());
  cluster.table.probed(slot, true, cluster.now);
  CHECK(cluster.state(slot) == NodeState::kUp);
}

TEST(NodeTable, SaysWhenTheNextProbeOfANodeOutOfReachIsDue) {
  NodeHello hello = SomeCluster::hello("fixed", 0, NodeKind::kStatic);
  const NodeSlot slot = cluster.add(hello);
  cluster.table.probed(slot, false, cluster.now);
  CHECK(cluster.table.next_expiry() == cluster.now + 5s);
}

// -- what became of a redirect
// ------------------------------------------------------------------------

TEST(NodeTable, KnowsWhatBecameOfARedirect) {
  const NodeSlot slot = cluster.add("edge1");
  cluster.report_arrivals(slot, 0, 0);
  cluster.pass(10ms);
  const SteadyTime given = cluster.now;
  cluster.table.issued(slot, "/a", 128, given);
  CHECK(cluster.table.outcome(slot, given) == RedirectOutcome::kUnknown);
  cluster.pass(250ms);
  cluster.report_arrivals(slot, 0, 0);
  CHECK(cluster.table.outcome(slot, given) == RedirectOutcome::kUnknown);
  cluster.pass(251ms);
  cluster.report_arrivals(slot, 0, 0);
  CHECK(cluster.table.outcome(slot, given) == RedirectOutcome::kLost);
  cluster.report_arrivals(slot, 128, 1);
  CHECK(cluster.table.outcome(slot, given) == RedirectOutcome::kArrived);
}

TEST(NodeTable, CanTellLittleWithoutArrivalCounts) {
  const NodeSlot slot = cluster.add("edge1");
  const SteadyTime given = cluster.now;
  cluster.table.issued(slot, "/a", 128, given);
  cluster.report(slot, 0);
  CHECK(cluster.table.outcome(slot, given) == RedirectOutcome::kUnknown);
  cluster.pass(501ms);
  cluster.report(slot, 0);
  CHECK(cluster.table.outcome(slot, given) == RedirectOutcome::kArrived);
  cluster.table.bye(slot, "", cluster.now);
  CHECK(cluster.table.outcome(slot, given) == RedirectOutcome::kUnknown);
  CHECK(cluster.table.outcome(kNoNode, given) == RedirectOutcome::kUnknown);
}

TEST(NodeTable, HasWordsForItsEvents) {
  using Kind = NodeEvent::Kind;
  STRCMP_EQUAL("up", std::string(to_text(Kind::kUp)).c_str());
  STRCMP_EQUAL("suspect", std::string(to_text(Kind::kSuspect)).c_str());
  STRCMP_EQUAL("down", std::string(to_text(Kind::kDown)).c_str());
  STRCMP_EQUAL("drain", std::string(to_text(Kind::kDrain)).c_str());
  STRCMP_EQUAL("probe wanted", std::string(to_text(Kind::kProbeWanted)).c_str());
}

// -- carriers by themselves
// ---------------------------------------------------------------------------

TEST_GROUP(CarrierTable) {
  CarrierTable table;
  const SteadyTime now{1h};
};

TEST(CarrierTable, ForgetsAMountWithItsLastCarrier) {
  table.see(3, {"/a", 5});
  table.see(4, {"/a", 6});
  table.see(3, {"/a", 0, false});
  CHECK_EQUAL(1u, table.find("/a")->carriers.size());
  table.see(4, {"/a", 0, false});
  POINTERS_EQUAL(nullptr, table.find("/a"));
  table.see(4, {"/a", 0, false});
  table.forget_mount("/a");
  CHECK_EQUAL(0u, table.size());
}

TEST(CarrierTable, KeepsWhatANodeCouldEnforceThoughItDoesNotCarry) {
  table.see(3, {"/a", 5, false, 2});
  CHECK_EQUAL(1u, table.find("/a")->carriers.size());
  CHECK_FALSE(table.find("/a")->carriers[0].reported);
  CHECK_EQUAL(0u, table.find("/a")->carriers[0].listeners);
  CHECK_EQUAL(2, table.find("/a")->carriers[0].enforces);
}

TEST(CarrierTable, ReplacesAllThatANodeSaid) {
  table.see(3, {"/a", 5});
  table.see(4, {"/a", 7});
  table.sent(3, "/a", now, now - 1s);
  table.see_all(3, {{"/b", 1}});
  const MountNodes& row = *table.find("/a");
  CHECK_EQUAL(2u, row.carriers.size());
  CHECK_FALSE(row.carriers[0].reported);
  CHECK_EQUAL(0u, row.carriers[0].listeners);
  CHECK_EQUAL(1u, row.carriers[0].recent);
  CHECK_EQUAL(7u, row.carriers[1].listeners);
}

TEST(CarrierTable, CountsRedirectsSinceTheLastSample) {
  table.sent(3, "/a", now, now - 1s);
  table.sent(3, "/a", now + 1s, now - 1s);
  CHECK_EQUAL(2u, table.find("/a")->carriers[0].recent);
  table.sent(3, "/a", now + 2s, now + 1s);
  CHECK_EQUAL(1u, table.find("/a")->carriers[0].recent);
  table.see(3, {"/a", 3});
  CHECK_EQUAL(0u, table.find("/a")->carriers[0].recent);
}

TEST(CarrierTable, IsBounded) {
  for (std::size_t i = 0; i < CarrierTable::kMostMounts + 10; ++i)
    table.see(1, {"/m" + std::to_string(i), 1});
  CHECK_EQUAL(CarrierTable::kMostMounts, table.size());
  table.sent(1, "/other", now, now);
  table.set_kbps("/other", 64);
  POINTERS_EQUAL(nullptr, table.find("/other"));
  CHECK_EQUAL(CarrierTable::kMostMounts, table.mounts().size());
  table.forget_node(1);
  CHECK_EQUAL(0u, table.size());
}

TEST(CarrierTable, KeepsAMountWhoseBitrateIsKnown) {
  table.set_kbps("/a", 128);
  table.see(1, {"/a", 1});
  table.forget_node(1);
  CHECK(table.find("/a") != nullptr);
  CHECK_EQUAL(0u, table.mounts().size());
}
