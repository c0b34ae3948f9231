#include "cluster/balance/balancer.h"

#include <string>

#include "cluster/some_cluster.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace std::chrono_literals;

TEST_GROUP(Balancer) {
  SomeCluster cluster;
  Rng rng{3};
  Balancer balancer{cluster.table, {}, rng};
  PickRequest request;

  void setup() override { request.mount = "/a"; }
  Choice decide(ClientKey client = 0, std::string_view user_agent = "VLC/3") {
    return balancer.decide(request, {client, user_agent}, cluster.now);
  }
};

TEST(Balancer, AccountsForARedirect) {
  const NodeSlot edge = cluster.add("edge1", 1e6);
  CHECK(decide().kind == Choice::Kind::kRedirect);
  CHECK_EQUAL(1u, cluster.table.node(edge).unacked.count());
  DOUBLES_EQUAL(128, cluster.table.node(edge).unacked.kbps(), 0);
  CHECK_EQUAL(1u, cluster.table.node(edge).issued);
}

TEST(Balancer, AccountsForAListenerWhoIsServedHere) {
  const NodeSlot self = cluster.add_self(1e6);
  CHECK(decide().kind == Choice::Kind::kServe);
  CHECK_EQUAL(1u, cluster.table.node(self).unacked.count());
  request.relay = true;
  CHECK(decide().kind == Choice::Kind::kServe);
  CHECK_EQUAL(1u, cluster.table.node(self).unacked.count());
}

TEST(Balancer, SendsAReturningClientElsewhereAndCountsAHint) {
  cluster.add("edge1", 1e6);
  cluster.add("edge2", 1e6);
  const Choice first = decide(1);
  cluster.pass(200ms);
  const Choice second = decide(1);
  CHECK(second.kind == Choice::Kind::kRedirect);
  CHECK(first.node != second.node);
  CHECK_EQUAL(1u, cluster.table.node(first.node).hints);
  CHECK_EQUAL(0u, cluster.table.node(second.node).hints);
}

TEST(Balancer, ARedirectThatIsSentBackIsNoLongerUnderWay) {
  NodeHello hello = SomeCluster::hello("edge1", 1e6);
  hello.keyed = true;
  const NodeSlot edge = cluster.add(std::move(hello));
  CHECK(decide(1).kind == Choice::Kind::kRedirect);
  const auto comes_back = [&] {
    PickRequest back = request;
    back.avoid = cluster.table.node(edge).key;
    balancer.decide(back, {1, "VLC/3", true}, cluster.now);
  };
  comes_back();
  CHECK_EQUAL(0u, cluster.table.node(edge).unacked.count());
  CHECK_EQUAL(1u, cluster.table.node(edge).arrived);
  CHECK(decide(2).kind == Choice::Kind::kRedirect);
  comes_back();  // said again: it is not the other's redirect that has come back
  CHECK_EQUAL(1u, cluster.table.node(edge).unacked.count());
}

TEST(Balancer, WantsAProbeOfANodeFromWhichThreeClientsComeBack) {
  cluster.add("edge1", 1e6);
  cluster.events();
  for (ClientKey client = 1; client <= 3; ++client) decide(client);
  for (ClientKey client = 1; client <= 3; ++client) decide(client);
  STRCMP_EQUAL("probe wanted edge1 (3 clients came back unserved)", cluster.events().c_str());
}

TEST(Balancer, ServesAPlayerThatDoesNotFollowHere) {
  cluster.add("edge1", 1e6);
  cluster.add_self(1e6, 0);
  CHECK(decide(1).kind == Choice::Kind::kRedirect);
  cluster.pass(100ms);
  CHECK(decide(1).kind == Choice::Kind::kRedirect);
  cluster.pass(100ms);
  const Choice third = decide(1);
  CHECK(third.kind == Choice::Kind::kServe);
  CHECK(third.reason == PickReason::kCannotFollow);
}

TEST(Balancer, ServesAFamilyThatDoesNotFollowHere) {
  NodeHello hello = SomeCluster::hello("edge1", 1e9);
  hello.arrivals = 0;
  const NodeSlot edge = cluster.add(hello);
  cluster.add_self(1e6, 0);
  for (ClientKey client = 1; client <= 10; ++client) {
    CHECK(decide(client, "Deaf/1.0").kind == Choice::Kind::kRedirect);
    cluster.pass(600ms);
    cluster.report_arrivals(edge, 0, 0);
    decide(client, "Deaf/1.0");
  }
  CHECK(decide(1000, "Deaf/1.1").reason == PickReason::kCannotFollow);
  CHECK(decide(1001, "VLC/3").kind == Choice::Kind::kRedirect);
}

// A school, a mobile network: a thousand listeners with one address, one player and one mount must
// not bring a node down, nor all end up here.
TEST(Balancer, StaysCalmWhenManyClientsLookLikeOne) {
  NodeSlot edges[4];
  std::uint64_t arrived[4] = {};
  for (int i = 0; i < 4; ++i) {
    NodeHello hello = SomeCluster::hello("edge" + std::to_string(i), 1000 * 128);
    hello.arrivals = 0;
    edges[i] = cluster.add(hello);
  }
  const NodeSlot self = cluster.add_self(1000 * 128, 0);
  for (int i = 0; i < 1000; ++i) {
    decide(1);
    if (i % 50 != 49) continue;
    cluster.pass(250ms);
    for (int e = 0; e < 4; ++e) {
      arrived[e] = cluster.table.node(edges[e]).issued;
      cluster.report_arrivals(edges[e], static_cast<double>(arrived[e]) * 128, arrived[e]);
    }
    for (const NodeEvent& event : cluster.table.take_events()) {
      if (event.kind == NodeEvent::Kind::kProbeWanted)
        cluster.table.probed(event.slot, true, cluster.now);
    }
    LoadReport report = cluster.load(static_cast<double>(cluster.table.node(self).issued) * 128, 0);
    report.arrivals = cluster.table.node(self).issued;
    cluster.table.report(self, report);
  }
  CHECK(cluster.table.node(self).issued <= 100);
  for (const NodeSlot edge : edges) {
    CHECK(cluster.state(edge) == NodeState::kUp);
    CHECK(cluster.table.node(edge).issued >= 200);
    CHECK(cluster.table.node(edge).issued <= 260);
  }
}

TEST(Balancer, KeepsNoTrailOfWhoIsNotRedirected) {
  cluster.add("edge1", 1e6);
  decide(1);
  request.redirected = true;
  CHECK(decide(1).reason == PickReason::kArrived);
  CHECK_EQUAL(0u, cluster.table.node(0).hints);
}

TEST(Balancer, ExplainsWithoutAnyEffect) {
  const NodeSlot edge = cluster.add("edge1", 1e6);
  cluster.add("edge2", 1e6);
  BalanceSettings settings;
  settings.rules.affinity = false;
  balancer.configure(settings);
  CHECK_FALSE(balancer.settings().rules.affinity);
  PickTrace trace;
  const NodeSlot explained = balancer.explain(request, {}, cluster.now, trace).node;
  CHECK_EQUAL(2u, trace.rows.size());
  CHECK_EQUAL(0u, balancer.table().node(edge).issued);
  CHECK_EQUAL(explained, decide().node);
}
