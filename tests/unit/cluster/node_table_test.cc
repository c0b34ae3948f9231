#include "cluster/nodes/node_table.h"

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

TEST(NodeTable, WhereANodeIsSaysTheConfigurationBeforeTheNode) {
  NodeHello hello = SomeCluster::hello("e", 100);
  hello.countries = {"DE", "AT"};
  const NodeSlot slot = cluster.add(hello);
  UNSIGNED_LONGS_EQUAL(2, cluster.table.node(slot).countries.size());
  cluster.table.set_limits(slot, {.countries = {"US"}});
  STRCMP_EQUAL("US", cluster.table.node(slot).countries.at(0).c_str());
  cluster.table.set_limits(slot, {});
  STRCMP_EQUAL("DE", cluster.table.node(slot).countries.at(0).c_str());
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
  cluster.pass(475ms);
  cluster.table.expire(cluster.now);
  STRCMP_EQUAL("suspect edge1 (no report for 475 ms)", cluster.events().c_str());
  cluster.pass(525ms);
  cluster.table.expire(cluster.now);
  STRCMP_EQUAL("down edge1 (no report for 1000 ms)", cluster.events().c_str());
}

TEST(NodeTable, BuriesALinkThatNeverSaysWhatItCarries) {
  const NodeSlot slot = *cluster.table.hello(SomeCluster::hello("edge1"), cluster.now);
  cluster.pass(5s);
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

TEST(NodeTable, SuspectsANodeWhereListenersDoNotArriveAsElsewhere) {
  const NodeSlot slot = cluster.add("edge1");
  const NodeSlot other = cluster.add("edge2");
  cluster.report_arrivals(slot, 0, 0);
  cluster.report_arrivals(other, 0, 0);
  for (int i = 0; i < 30; ++i) cluster.table.issued(slot, "/a", 128, cluster.now);
  for (int i = 0; i < 30; ++i) cluster.table.issued(other, "/a", 128, cluster.now);
  for (int i = 0; i < 44; ++i) {
    cluster.pass(250ms);
    cluster.report_arrivals(other, 0, 30);
    cluster.report_arrivals(slot, 0, 10);
  }
  CHECK(cluster.state(slot) == NodeState::kSuspect);
  CHECK(cluster.state(other) == NodeState::kUp);
  CHECK_EQUAL(10u, cluster.table.node(slot).arrived);
  CHECK_EQUAL(20u, cluster.table.node(slot).lost);
  for (int i = 0; i < 4 * 61; ++i) {
    cluster.pass(250ms);
    cluster.report_arrivals(slot, 0, 10);
  }
  CHECK(cluster.state(slot) == NodeState::kUp);
}

// A crowd that does not follow is met by all, and strangers can ask for any number of redirects.
TEST(NodeTable, ProbesANodeWhereListenersArriveNowhere) {
  const NodeSlot slot = cluster.add("edge1");
  const NodeSlot other = cluster.add("edge2");
  for (const NodeSlot each : {slot, other}) {
    cluster.report_arrivals(each, 0, 0);
    for (int i = 0; i < 300; ++i) cluster.table.issued(each, "/a", 128, cluster.now);
  }
  cluster.events();
  for (int i = 0; i < 44; ++i) {
    cluster.pass(250ms);
    for (const NodeSlot each : {slot, other}) cluster.report_arrivals(each, 0, 10);
  }
  CHECK(cluster.state(slot) == NodeState::kUp);
  CHECK(cluster.state(other) == NodeState::kUp);
  STRCMP_EQUAL(
      "probe wanted edge1 (most of the listeners that were sent there have not come), "
      "probe wanted edge2 (most of the listeners that were sent there have not come)",
      cluster.events().c_str());
}

TEST(NodeTable, DoesNotDoubtANodeWhoseListenersAreThere) {
  const NodeSlot slot = cluster.add("edge1");
  const NodeSlot other = cluster.add("edge2");
  for (const NodeSlot each : {slot, other}) {
    cluster.report_arrivals(each, 0, 0);
    for (int i = 0; i < 30; ++i) cluster.table.issued(each, "/a", 128, cluster.now);
  }
  for (int i = 0; i < 44; ++i) {
    cluster.pass(250ms);
    LoadReport report = cluster.load(30 * 128, 30);
    report.arrivals = 0;  // what is in front of it cuts the addresses
    cluster.table.report(slot, report);
    cluster.report_arrivals(other, 0, 30);
  }
  CHECK(cluster.state(slot) == NodeState::kUp);
}

// What a slave that reports nothing is taken to hold.
TEST(NodeTable, TakesAsManyToHaveGoneFromASilentNodeAsFromHere) {
  NodeHello hello = SomeCluster::hello("old", 1e6, NodeKind::kLegacy);
  hello.capacity.listeners = 700;
  const NodeSlot old = cluster.add(hello);
  const NodeSlot self = cluster.add_self(1e6);
  for (int i = 0; i < 600; ++i) {
    cluster.table.issued(old, "/a", 128, cluster.now);
    cluster.table.issued(self, "/a", 128, cluster.now);
    cluster.table.issued(self, "/a", 128, cluster.now, false);
  }
  cluster.table.expire(cluster.now);
  DOUBLES_EQUAL(600, cluster.table.node(old).listeners(), 0.1);
  cluster.pass(1s);
  cluster.report(self, 0, 0);
  cluster.pass(1s);
  cluster.report(self, 300 * 128, 300);
  cluster.table.expire(cluster.now);
  DOUBLES_EQUAL(300, cluster.table.node(old).listeners(), 2);
  DOUBLES_EQUAL(300 * 128, cluster.table.node(old).kbps(), 2 * 128);
  // Its limit holds for all of them.
  CHECK(cluster.table.node(old).has_room(128, cluster.now));
  for (int i = 0; i < 100; ++i) cluster.table.issued(old, "/a", 128, cluster.now);
  CHECK_FALSE(cluster.table.node(old).has_room(128, cluster.now));
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
