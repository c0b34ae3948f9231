// NodeTable: what nodes carry, what is on its way to them, and what clients tell of them.
#include <string>
#include <utility>
#include <vector>

#include "cluster/some_cluster.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace std::chrono_literals;

TEST_GROUP(NodeLoad) { SomeCluster cluster; };

// -- un-acknowledged redirects
// -----------------------------------------------------------------------

TEST(NodeLoad, EstimatesReportPlusMTimesWhatIsOnItsWay) {
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

TEST(NodeLoad, TakesAsManyOffAsHaveArrived) {
  NodeHello hello = SomeCluster::hello("edge1", 10'000);
  hello.arrivals = 20'000;
  const NodeSlot slot = cluster.add(hello);
  for (int i = 0; i < 5; ++i) cluster.table.issued(slot, "/a", 128, cluster.now);
  cluster.pass(250ms);
  cluster.report_arrivals(slot, 3 * 128, 20'003);
  CHECK_EQUAL(2u, cluster.table.node(slot).unacked.count());
  DOUBLES_EQUAL(5 * 128, cluster.table.node(slot).kbps(), 1e-9);
}

TEST(NodeLoad, CountsArrivalsFromTheFirstReportIfTheHelloHadNone) {
  const NodeSlot slot = cluster.add("edge1");
  cluster.table.issued(slot, "/a", 128, cluster.now);
  cluster.report_arrivals(slot, 0, 7000);
  CHECK_EQUAL(1u, cluster.table.node(slot).unacked.count());
  cluster.report_arrivals(slot, 128, 7001);
  CHECK_EQUAL(0u, cluster.table.node(slot).unacked.count());
}

TEST(NodeLoad, IsNotConfusedByAnArrivalCountThatFalls) {
  NodeHello hello = SomeCluster::hello("edge1");
  hello.arrivals = 100;
  const NodeSlot slot = cluster.add(hello);
  cluster.table.issued(slot, "/a", 128, cluster.now);
  cluster.report_arrivals(slot, 0, 3);
  CHECK_EQUAL(1u, cluster.table.node(slot).unacked.count());
  cluster.report_arrivals(slot, 0, 4);
  CHECK_EQUAL(0u, cluster.table.node(slot).unacked.count());
}

TEST(NodeLoad, LetsRedirectsAgeOnlyAgainstANewerReport) {
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

TEST(NodeLoad, TakesWhatIsHalfASecondOldForArrivedWhereArrivalsAreNotCounted) {
  const NodeSlot slot = cluster.add("edge1");
  cluster.table.issued(slot, "/a", 128, cluster.now);
  cluster.pass(500ms);
  cluster.report(slot, 128, 1);
  CHECK_EQUAL(1u, cluster.table.node(slot).unacked.count());
  cluster.pass(1ms);
  cluster.report(slot, 128, 1);
  CHECK_EQUAL(0u, cluster.table.node(slot).unacked.count());
}

TEST(NodeLoad, TakesASlaveWithoutCountsToHoldWhatItWasSentLately) {
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

TEST(NodeLoad, LetsRedirectsToStaticNodesAgeByTheClock) {
  const NodeSlot slot = cluster.add(SomeCluster::hello("fixed", 0, NodeKind::kStatic));
  cluster.table.issued(slot, "/a", 128, cluster.now);
  cluster.pass(20min + 1ms);
  cluster.table.expire(cluster.now);
  CHECK_EQUAL(0u, cluster.table.node(slot).unacked.count());
}

TEST(NodeLoad, ReckonsListenersWithoutABitrateAt128) {
  const NodeSlot slot = cluster.add(SomeCluster::hello("old", 0, NodeKind::kLegacy));
  LoadReport report;
  report.received = report.sampled = cluster.now;
  report.listeners = 10;
  cluster.table.report(slot, report);
  DOUBLES_EQUAL(1280, cluster.table.node(slot).kbps(), 1e-9);
}

// -- mounts --------------------------------------------------------------------------------------

TEST(NodeLoad, AddsUpTheListenersOfTheCluster) {
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

TEST(NodeLoad, CountsAListenerOnHisWayAsACarrierForAWhile) {
  const NodeSlot slot = cluster.add("edge1");
  cluster.table.issued(slot, "/a", 128, cluster.now);
  const Carrier carrier = cluster.table.mount("/a")->carriers.front();
  CHECK_TRUE(cluster.table.carries(carrier, cluster.now + 1499ms));
  CHECK_FALSE(cluster.table.carries(carrier, cluster.now + 1500ms));
}

TEST(NodeLoad, SweepsCarriersThatNeverWere) {
  const NodeSlot slot = cluster.add("edge1");
  cluster.table.issued(slot, "/gone", 128, cluster.now);
  cluster.table.snapshot(slot, {{"/stays", 0}, {"/could", 0, false, 1}}, cluster.now);
  cluster.pass(61s);
  cluster.report(slot, 0);
  cluster.table.expire(cluster.now);
  POINTERS_EQUAL(nullptr, cluster.table.mount("/gone"));
  CHECK_EQUAL(2u, cluster.table.mounts().size());
}

TEST(NodeLoad, KnowsBitratesOfMounts) {
  cluster.table.set_mount_kbps("/a", 320);
  DOUBLES_EQUAL(320, cluster.table.mount("/a")->kbps, 0);
  cluster.table.forget_mount("/a");
  POINTERS_EQUAL(nullptr, cluster.table.mount("/a"));
}

TEST(NodeLoad, InventedTagsTakeNoBitsFromThoseThatMountsAskFor) {
  cluster.table.configure({.hold = 0ms, .tags = {"premium"}}, cluster.now);
  NodeHello hello = SomeCluster::hello("liar");
  for (int i = 0; i < 200; ++i) hello.tags.push_back("t" + std::to_string(i));
  const NodeSlot liar = cluster.add(hello);
  hello = SomeCluster::hello("edge2");
  hello.tags = {"premium", "later"};
  const NodeSlot honest = cluster.add(hello);
  CHECK_EQUAL(0u, cluster.table.node(liar).tags);
  CHECK(cluster.table.tag_bit("premium") != 0);
  CHECK_EQUAL(cluster.table.tag_bit("premium"), cluster.table.node(honest).tags);
  CHECK_EQUAL(0u, cluster.table.tag_bit("t0"));
  // A reload asks for another one, first.
  cluster.table.configure({.hold = 0ms, .tags = {"later", "premium", "t7"}}, cluster.now);
  CHECK_EQUAL(cluster.table.tag_bit("premium") | cluster.table.tag_bit("later"),
              cluster.table.node(honest).tags);
  CHECK_EQUAL(cluster.table.tag_bit("t7"), cluster.table.node(liar).tags);
}

TEST(NodeLoad, ConfirmsNoMoreThanWasSent) {
  const NodeSlot slot = cluster.add("edge1");
  cluster.report_arrivals(slot, 0, 0);
  for (int i = 0; i < 3; ++i) cluster.table.issued(slot, "/a", 128, cluster.now);
  cluster.pass(250ms);
  cluster.report_arrivals(slot, 0, 1'000'000);
  CHECK_EQUAL(3u, cluster.table.node(slot).arrived);
  CHECK_EQUAL(0u, cluster.table.node(slot).unacked.count());
}

TEST(NodeLoad, ANodeThatIsFarAwayIsAwaited) {
  const auto slot = cluster.table.hello(SomeCluster::hello("far"), cluster.now);
  CHECK(slot.has_value());
  cluster.pass(2500ms);
  cluster.table.expire(cluster.now);
  CHECK(cluster.state(*slot) == NodeState::kJoining);
  cluster.table.snapshot(*slot, {}, cluster.now);
  CHECK(cluster.state(*slot) == NodeState::kUp);
  cluster.pass(1001ms);
  cluster.table.expire(cluster.now);
  CHECK(cluster.state(*slot) == NodeState::kDead);
}

// -- max-redirect-slaves and the hold
// ----------------------------------------------------------------

TEST(NodeLoad, AdmitsNoMoreSlavesThanConfigured) {
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

TEST(NodeLoad, HoldsRequestsUntilAllExpectedNodesAreUp) {
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

TEST(NodeLoad, HoldsNobodyWithoutExpectedNodes) {
  SomeCluster fresh({.hold = 1s});
  CHECK(fresh.table.hold_until() <= fresh.now);
}

// -- hints and probes -----------------------------------------------------------------------------

TEST(NodeLoad, WantsAProbeAfterThreeHints) {
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

// Of few listeners, none of which comes back.
TEST(NodeLoad, ProbesAnAddressThatAnsweredOnceWhenThreeListenersInARowAreLost) {
  const NodeSlot slot = cluster.add("edge1");
  cluster.pass(10s);
  cluster.report_arrivals(slot, 0, 0);
  cluster.events();
  const auto lose = [&](int listeners) {
    for (int i = 0; i < listeners; ++i) cluster.table.issued(slot, "/a", 128, cluster.now);
    cluster.pass(5001ms);
    cluster.report_arrivals(slot, 0, cluster.table.node(slot).arrived);
  };
  lose(3);
  STRCMP_EQUAL("", cluster.events().c_str());  // perhaps it cannot be reached from here
  cluster.table.answers_at(slot, cluster.table.node(slot).addresses.front());
  lose(1);
  STRCMP_EQUAL("probe wanted edge1 (none of the last 4 listeners that were sent there has come)",
               cluster.events().c_str());
  cluster.table.probed(slot, true, cluster.now);
  lose(1);
  STRCMP_EQUAL("", cluster.events().c_str());  // too soon
  cluster.pass(10s);
  cluster.table.issued(slot, "/a", 128, cluster.now);
  cluster.report_arrivals(slot, 0, 1);
  lose(2);
  STRCMP_EQUAL("", cluster.events().c_str());  // one has arrived between
  lose(1);
  STRCMP_CONTAINS("none of the last 3 listeners", cluster.events().c_str());
}

TEST(NodeLoad, ProbesNoMoreOftenThanEveryTwoSeconds) {
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

TEST(NodeLoad, ForgetsOldHintsAndThoseAgainstTheDead) {
  const NodeSlot slot = cluster.add("edge1");
  cluster.table.hint(slot, cluster.now);
  cluster.table.hint(slot, cluster.now);
  cluster.table.hint(slot, cluster.now + 31s);
  CHECK_EQUAL(1u, cluster.table.node(slot).hints);
  cluster.table.bye(slot, "", cluster.now);
  cluster.table.hint(slot, cluster.now + 31s);
  CHECK_EQUAL(1u, cluster.table.node(slot).hints);
}

TEST(NodeLoad, SuspectsANodeOutOfReachUntilAProbeSucceeds) {
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

// -- what became of a redirect
// ------------------------------------------------------------------------

TEST(NodeLoad, KnowsWhatBecameOfARedirect) {
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

TEST(NodeLoad, CanTellLittleWithoutArrivalCounts) {
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

TEST(NodeLoad, HasWordsForItsEvents) {
  using Kind = NodeEvent::Kind;
  STRCMP_EQUAL("up", std::string(to_text(Kind::kUp)).c_str());
  STRCMP_EQUAL("suspect", std::string(to_text(Kind::kSuspect)).c_str());
  STRCMP_EQUAL("down", std::string(to_text(Kind::kDown)).c_str());
  STRCMP_EQUAL("drain", std::string(to_text(Kind::kDrain)).c_str());
  STRCMP_EQUAL("probe wanted", std::string(to_text(Kind::kProbeWanted)).c_str());
}

// -- redirects that strangers ask for and do not follow
// ------------------------------------------------

TEST_GROUP(RedirectFlood) {
  SomeCluster cluster;
  NodeSlot first = kNoNode, second = kNoNode;
  std::uint64_t arrived[2] = {0, 0};

  void setup() override {
    for (const auto& [slot, id] : {std::pair{&first, "edge1"}, {&second, "edge2"}}) {
      NodeHello hello = SomeCluster::hello(id);
      hello.capacity.listeners = 300;
      hello.arrivals = 0;
      *slot = cluster.add(hello);
    }
  }
  // A second: so many redirects to each, of which so many arrive.
  void second_of(std::uint64_t redirects, std::uint64_t at_first, std::uint64_t at_second) {
    for (int quarter = 0; quarter < 4; ++quarter) {
      for (std::uint64_t i = 0; i < redirects / 4; ++i)
        for (const NodeSlot slot : {first, second})
          cluster.table.issued(slot, "/a", 128, cluster.now);
      cluster.pass(250ms);
      cluster.report_arrivals(first, 0, arrived[0] += at_first / 4);
      cluster.report_arrivals(second, 0, arrived[1] += at_second / 4);
    }
  }
  bool has_room(NodeSlot slot) const { return cluster.table.node(slot).has_room(128, cluster.now); }
};

TEST(RedirectFlood, DoesNotFillNodes) {
  second_of(8, 8, 8);
  second_of(400, 8, 8);
  CHECK_FALSE(has_room(first));
  for (int i = 0; i < 30; ++i) second_of(400, 8, 8);
  for (const NodeSlot slot : {first, second}) {
    CHECK_TRUE(has_room(slot));
    CHECK_TRUE(cluster.table.node(slot).unacked.count() <= 30);
  }
  for (int i = 0; i < 40; ++i) second_of(40, 40, 40);
  const std::uint64_t before = cluster.table.node(first).unacked.count();
  for (std::uint64_t i = 0; i < 100; ++i) cluster.table.issued(first, "/a", 128, cluster.now);
  CHECK_EQUAL(before + 100, cluster.table.node(first).unacked.count());
}

TEST(RedirectFlood, IsNotBelievedOfANodeWhileTheyArriveElsewhere) {
  for (int i = 0; i < 10; ++i) second_of(100, 0, 100);
  CHECK_FALSE(has_room(first));
  CHECK_TRUE(has_room(second));
}

TEST(RedirectFlood, IsNotACrowdThatComesLate) {
  second_of(200, 0, 0);
  second_of(0, 100, 100);
  second_of(0, 40, 40);
  CHECK_EQUAL(60u, cluster.table.node(first).unacked.count());
}
