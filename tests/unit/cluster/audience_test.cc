// Each listener once, in every form that a cluster has; with the table of each server as its nodes
// would fill it.
#include "cluster/nodes/audience.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cluster/nodes/steady_count.h"
#include "cluster/some_cluster.h"
#include "cluster/whole_changes.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

namespace {

const std::string kMount = "/live";
using Way = std::vector<std::string>;

MountLoad has(unsigned listeners, std::uint32_t below = 0, std::optional<Way> from = std::nullopt) {
  MountLoad load{.mount = kMount, .listeners = listeners};
  load.below = below;
  load.from = std::move(from);
  return load;
}

// Servers, each with a table of its own, that report to each other until nothing changes.
class Net {
 public:
  struct Server {
    std::string id;
    unsigned own = 0;
    std::vector<std::string> masters;
    std::string upstream{};  // "": the source is here
    SomeCluster cluster{};
    LoadChanges captured{};
  };
  void add(std::string id, unsigned own, std::vector<std::string> masters,
           std::string upstream = {}) {
    auto server = std::make_unique<Server>();
    NodeHello self = SomeCluster::hello(id, 0, NodeKind::kSelf);
    server->cluster.add(std::move(self));
    server->id = std::move(id);
    server->own = own;
    server->masters = std::move(masters);
    server->upstream = std::move(upstream);
    servers_.push_back(std::move(server));
  }
  Server& at(const std::string& id) {
    for (const auto& each : servers_)
      if (each->id == id) return *each;
    FAIL(id.c_str());
    return *servers_.front();
  }
  Way way_to(const Server& server) {
    Way way;
    for (std::string id = server.upstream; !id.empty() && way.size() < 8; id = at(id).upstream)
      way.insert(way.begin(), id);
    return way;
  }
  void round() {
    for (const auto& server : servers_) {
      SomeCluster& here = server->cluster;
      const Way way = way_to(*server);
      MountLoad own = has(server->own);
      if (!way.empty()) own.from = way;
      here.table.delta(here.table.self(), {own});
      const MountNodes* row = here.table.mount(kMount);
      const Below below = row == nullptr ? Below{} : below_of(here.table, *row, server->masters);
      set_all(server->captured,
              {{.mount = kMount, .listeners = server->own, .from = &way, .below = &below}},
              here.now);
      for (const std::string& id : server->masters) {
        SomeCluster& master = at(id).cluster;
        NodeSlot slot = master.table.find(server->id);
        if (slot == kNoNode) slot = master.add(server->id);
        master.table.delta(slot, server->captured.all(id));
      }
    }
  }
  void settle() {
    for (int i = 0; i < 6; ++i) round();
  }
  std::uint64_t total(const std::string& id) {
    const Server& server = at(id);
    const MountNodes* row = server.cluster.table.mount(kMount);
    return server.own + (row == nullptr ? 0 : audience_of(server.cluster.table, *row).all());
  }
  std::string totals() {
    std::string out;
    for (const auto& server : servers_)
      out += server->id + "=" + std::to_string(total(server->id)) + " ";
    return out;
  }

 private:
  std::vector<std::unique_ptr<Server>> servers_;
};

}  // namespace

TEST_GROUP(Audience) {
  SomeCluster here;
  NodeSlot self = here.add_self();
  NodeSlot e1 = here.add("e1"), e2 = here.add("e2");
  Net net;

  Audience audience() const {
    const MountNodes* row = here.table.mount(kMount);
    return row == nullptr ? Audience{} : audience_of(here.table, *row);
  }
};

TEST(Audience, IsThatOfTheNodesAndOfThoseBehindThem) {
  here.table.delta(self, {has(5)});
  here.table.delta(e1, {has(2, 40)});
  here.table.delta(e2, {has(3)});
  UNSIGNED_LONGS_EQUAL(5, audience().nodes);
  UNSIGNED_LONGS_EQUAL(40, audience().below);
  UNSIGNED_LONGS_EQUAL(40, listeners_below(here.table));
  here.table.delta(e1, {has(2)});
  UNSIGNED_LONGS_EQUAL(0, audience().below);
}
TEST(Audience, OfANodeThatDiesOrStopsCarryingGoesWithIt) {
  here.table.delta(e1, {has(2, 40)});
  here.table.connection_lost(e1, "closed", here.now);
  UNSIGNED_LONGS_EQUAL(0, audience().all());
  here.table.delta(e2, {has(2, 40)});
  here.table.delta(e2, {{.mount = kMount, .carries = false}});
  UNSIGNED_LONGS_EQUAL(0, audience().all());
  here.table.delta(e2, {has(2, 40)});
  here.table.snapshot(e2, {has(1)}, here.now);
  UNSIGNED_LONGS_EQUAL(1, audience().all());
}
TEST(Audience, OfANodeThatIsBehindAnotherIsCountedThere) {
  here.table.delta(e1, {has(2, 7)});
  here.table.delta(e2, {has(4, 3, Way{"self", "e1"})});
  UNSIGNED_LONGS_EQUAL(9, audience().all());
}
TEST(Audience, IsNeverLessThanWhatTheNodesHave) {
  // e1 has not heard yet of those who came to e2.
  here.table.delta(e1, {has(2, 1)});
  here.table.delta(e2, {has(4, 0, Way{"self", "e1"})});
  UNSIGNED_LONGS_EQUAL(6, audience().all());
}
TEST(Audience, OfAWayThroughAServerThatIsNoNodeOrDoesNotCarryIsCountedHere) {
  here.table.delta(e2, {has(4, 3, Way{"self", "e1"})});
  UNSIGNED_LONGS_EQUAL(7, audience().all());
  here.table.delta(e2, {has(4, 3, Way{"unknown"})});
  UNSIGNED_LONGS_EQUAL(7, audience().all());
  here.table.delta(e2, {has(4, 3, Way{"e2"})});
  UNSIGNED_LONGS_EQUAL(7, audience().all());
}
TEST(Audience, TwoNodesThatNameEachOtherCountWhatTheySayThemselves) {
  here.table.delta(e1, {has(2, 70, Way{"e2"})});
  here.table.delta(e2, {has(4, 90, Way{"e1"})});
  UNSIGNED_LONGS_EQUAL(6, audience().all());
}
TEST(Audience, NamesOfManyMountsTakeNoMoreRoomThanAnyOtherRow) {
  std::vector<MountLoad> many;
  for (std::size_t i = 0; i < CarrierTable::kMaxOfNode + 10; ++i) {
    MountLoad row = has(1, 1, Way{"x"});
    row.mount = "/" + std::to_string(i);
    many.push_back(std::move(row));
  }
  CHECK_FALSE(here.table.snapshot(e1, many, here.now));
  UNSIGNED_LONGS_EQUAL(CarrierTable::kMaxOfNode, here.table.mounts().size());
  here.table.connection_lost(e1, "closed", here.now);
  UNSIGNED_LONGS_EQUAL(0, here.table.mounts().size());
}
TEST(Audience, HasNoPartInWhereListenersAreSent) {
  here.table.delta(e1, {has(2, 5000)});
  DOUBLES_EQUAL(0, here.table.node(e1).kbps(), 0.1);
  DOUBLES_EQUAL(0, here.table.node(e1).listeners(), 0.1);
  UNSIGNED_LONGS_EQUAL(2, here.table.mount_listeners(kMount));
}
TEST(Audience, WhatIsToldUpwardIsWhatPullsFromHere) {
  here.table.delta(self, {has(5)});
  here.table.delta(e1, {has(2, 40)});
  here.table.delta(e2, {has(3, 9, Way{"m2"})});
  const Below below = below_of(here.table, *here.table.mount(kMount), {"e1"});
  STRCMP_EQUAL(kMount.c_str(), below.mount.c_str());
  UNSIGNED_LONGS_EQUAL(42, below.listeners);
  UNSIGNED_LONGS_EQUAL(1, below.of_masters.size());
  UNSIGNED_LONGS_EQUAL(42, below.of_masters[0].listeners);
  // A node that we pull from cannot be behind us.
  MountLoad own = has(5);
  own.from = Way{"e1"};
  here.table.delta(self, {own});
  UNSIGNED_LONGS_EQUAL(0, below_of(here.table, *here.table.mount(kMount), {}).listeners);
}
TEST(Audience, OfANodeThatPostsIsCountedHereAndNotToldUpward) {
  const NodeSlot posts = here.add(SomeCluster::hello("old", 0, NodeKind::kLegacy));
  here.table.delta(posts, {has(6)});
  UNSIGNED_LONGS_EQUAL(6, audience().all());
  UNSIGNED_LONGS_EQUAL(0, below_of(here.table, *here.table.mount(kMount), {}).listeners);
}

TEST(Audience, OfAChain) {
  net.add("m1", 1, {});
  net.add("e1", 2, {"m1"}, "m1");
  net.add("e2", 3, {"e1"}, "e1");
  net.add("e3", 4, {"e2"}, "e2");
  net.settle();
  STRCMP_EQUAL("m1=10 e1=9 e2=7 e3=4 ", net.totals().c_str());
  net.at("e3").own = 0;
  net.settle();
  STRCMP_EQUAL("m1=6 e1=5 e2=3 e3=0 ", net.totals().c_str());
}
TEST(Audience, OfPeersThatPullFromTheFirst) {
  net.add("p1", 1, {"p2", "p3"});
  net.add("p2", 2, {"p1", "p3"}, "p1");
  net.add("p3", 3, {"p1", "p2"}, "p1");
  net.settle();
  STRCMP_EQUAL("p1=6 p2=6 p3=6 ", net.totals().c_str());
  net.settle();
  STRCMP_EQUAL("p1=6 p2=6 p3=6 ", net.totals().c_str());
}
TEST(Audience, OfPeersWithEdgesOfTheirOwn) {
  net.add("p1", 1, {"p2", "p3"});
  net.add("p2", 2, {"p1", "p3"}, "p1");
  net.add("p3", 3, {"p1", "p2"}, "p1");
  net.add("a", 10, {"p1"}, "p1");
  net.add("b", 20, {"p2"}, "p2");
  net.add("c", 30, {"p3"}, "p3");
  net.add("d", 40, {"p2", "p3"}, "p3");
  net.settle();
  STRCMP_EQUAL("p1=106 p2=106 p3=106 a=10 b=20 c=30 d=40 ", net.totals().c_str());
  // The source goes to another peer.
  net.at("p1").upstream = "p2";
  net.at("p2").upstream = "";
  net.at("p3").upstream = "p2";
  net.settle();
  STRCMP_EQUAL("p1=106 p2=106 p3=106 a=10 b=20 c=30 d=40 ", net.totals().c_str());
}
TEST(Audience, OfPeersOfWhichOnePullsFromTheSecond) {
  net.add("p1", 1, {"p2", "p3"});
  net.add("p2", 2, {"p1", "p3"}, "p1");
  net.add("p3", 3, {"p1", "p2"}, "p2");
  net.settle();
  STRCMP_EQUAL("p1=6 p2=6 p3=6 ", net.totals().c_str());
}
TEST(Audience, OfAnEdgeWithTwoMasters) {
  net.add("m0", 0, {});
  net.add("m1", 0, {"m0"}, "m0");
  net.add("m2", 0, {"m0"}, "m0");
  net.add("e", 5, {"m1", "m2"}, "m2");
  net.settle();
  STRCMP_EQUAL("m0=5 m1=5 m2=5 e=5 ", net.totals().c_str());
}
TEST(Audience, OfAnEdgeOfAMasterAndOfItsNode) {
  net.add("m1", 0, {});
  net.add("e1", 1, {"m1"}, "m1");
  net.add("e2", 3, {"e1", "m1"}, "e1");
  net.settle();
  STRCMP_EQUAL("m1=4 e1=4 e2=3 ", net.totals().c_str());
  net.at("e2").upstream = "m1";
  net.settle();
  STRCMP_EQUAL("m1=4 e1=4 e2=3 ", net.totals().c_str());
}
TEST(Audience, OfARingOfNodesStaysFinite) {
  net.add("p1", 1, {"p3"});
  net.add("p2", 2, {"p1"}, "p1");
  net.add("p3", 3, {"p2"}, "p2");
  net.settle();
  STRCMP_EQUAL("p1=6 p2=5 p3=4 ", net.totals().c_str());
  // None has a source, and each pulls from the next, as may be for a moment.
  net.at("p1").upstream = "p3";
  for (int i = 0; i < 200; ++i) net.round();
  for (const char* id : {"p1", "p2", "p3"}) CHECK(net.total(id) <= 6);
}

TEST_GROUP(SteadyCount) {
  SteadyCount steady;
  std::uint64_t check(std::uint64_t count) {
    steady.begin();
    return steady.put("/a", count);
  }
};
TEST(SteadyCount, IsTheLeastOfThreeLooks) {
  UNSIGNED_LONGS_EQUAL(0, check(5));
  UNSIGNED_LONGS_EQUAL(0, check(5));
  UNSIGNED_LONGS_EQUAL(5, check(5));
  UNSIGNED_LONGS_EQUAL(5, check(10));
  UNSIGNED_LONGS_EQUAL(5, check(10));
  UNSIGNED_LONGS_EQUAL(5, check(5));
  UNSIGNED_LONGS_EQUAL(3, check(3));
}
TEST(SteadyCount, BeginsAgainWithWhatWasGone) {
  check(5);
  check(5);
  steady.begin();
  UNSIGNED_LONGS_EQUAL(0, check(5));
}
