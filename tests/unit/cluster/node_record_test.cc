#include "cluster/nodes/node_record.h"

#include <string>
#include <vector>

#include "base/through_record.h"
#include "cluster/some_cluster.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace std::chrono_literals;

namespace {

void hand_over(const SomeCluster& from, SomeCluster& to) {
  to.now = from.now;
  for (const NodeRecord& node : from.table.save())
    CHECK(to.table.restore(lb::test::through_record(node), to.now).has_value());
}

}  // namespace

TEST_GROUP(NodeRecord) {
  SomeCluster before, after;
  NodeSlot edge = kNoNode;
  void setup() override {
    edge = before.add("edge1", 1000);
    before.table.snapshot(edge, {{"/a", 5}, {"/b", 7}}, before.now);
    before.pass(250ms);
    before.report_arrivals(edge, 640, 10);
  }
};

TEST(NodeRecord, GoesOnWithLoadMountsAndWhatIsNotConfirmed) {
  for (int i = 0; i < 3; ++i) before.table.issued(edge, "/a", 128, before.now);
  before.events();
  hand_over(before, after);
  const NodeSlot there = after.table.find("edge1");
  CHECK(there != kNoNode);
  const Node& node = after.table.node(there);
  CHECK(node.state == NodeState::kUp);
  CHECK_EQUAL(3u, node.unacked.count());
  DOUBLES_EQUAL(before.table.node(edge).kbps(), node.kbps(), 0.001);
  CHECK_EQUAL(5u, after.table.mount_listeners("/a"));
  CHECK_EQUAL(7u, after.table.mount_listeners("/b"));
  STRCMP_EQUAL("", after.events().c_str());
  // The node counts on from where it was.
  after.pass(100ms);
  after.report_arrivals(there, 768, 12);
  CHECK_EQUAL(1u, node.unacked.count());
  CHECK_EQUAL(3u, node.issued);
}

TEST(NodeRecord, ThisServerAndThoseThatNeverReportKeepTheirCounts) {
  const auto configured = [](SomeCluster& cluster, NodeKind kind, const char* id) {
    NodeHello hello;
    hello.id = id;
    hello.kind = kind;
    return *cluster.table.hello(std::move(hello), cluster.now);
  };
  const NodeSlot self = configured(before, NodeKind::kSelf, "here");
  const NodeSlot other = configured(before, NodeKind::kStatic, "redirect-a-80");
  configured(before, NodeKind::kStatic, "redirect-b-80");
  before.pass(3s);
  const auto since = before.table.node(self).since;
  before.table.issued(self, "/a", 128, before.now);
  for (int i = 0; i < 2; ++i) before.table.issued(other, "/a", 128, before.now);
  after.now = before.now;
  // One is no longer configured.
  const NodeSlot self_after = configured(after, NodeKind::kSelf, "here");
  const NodeSlot other_after = configured(after, NodeKind::kStatic, "redirect-a-80");
  for (const NodeRecord& node : before.table.save_configured())
    after.table.restore_configured(lb::test::through_record(node), after.now);
  CHECK_EQUAL(1u, after.table.node(self_after).issued);
  CHECK(after.table.node(self_after).since == since);
  CHECK_EQUAL(2u, after.table.node(other_after).issued);
  CHECK_EQUAL(2u, after.table.node(other_after).unacked.count());
  CHECK(after.table.find("redirect-b-80") == kNoNode);
}

// Floors below the load that it says.
TEST(NodeRecord, KeepsWhatItWasSentLately) {
  before.table.issued(edge, "/a", 128, before.now);
  before.pass(250ms);
  before.report_arrivals(edge, 768, 11);
  const SentLately& sent = before.table.node(edge).sent;
  CHECK(sent.minute.listeners(before.now, SentLately::kMinute) > 0);
  hand_over(before, after);
  const SentLately& there = after.table.node(after.table.find("edge1")).sent;
  DOUBLES_EQUAL(sent.minute.listeners(before.now, SentLately::kMinute),
                there.minute.listeners(before.now, SentLately::kMinute), 0.001);
  DOUBLES_EQUAL(sent.all.kbps(before.now, 60s), there.all.kbps(before.now, 60s), 0.001);
  CHECK_EQUAL(sent.credible, there.credible);
}

TEST(NodeRecord, HasTimeToMakeItsLinkAgainAndIsTheSameRun) {
  hand_over(before, after);
  const NodeSlot there = after.table.find("edge1");
  after.pass(2400ms);
  after.table.expire(after.now);
  CHECK(after.state(there) != NodeState::kDead);
  CHECK_EQUAL(there, *after.table.hello(SomeCluster::hello("edge1", 1000), after.now));
  after.table.snapshot(there, {{"/a", 6}}, after.now);
  CHECK(after.state(there) == NodeState::kUp);
  CHECK_EQUAL(6u, after.table.mount_listeners("/a"));
  CHECK_EQUAL(0u, after.table.mount_listeners("/b"));
}

TEST(NodeRecord, DiesWithoutALinkAllTheSame) {
  hand_over(before, after);
  after.pass(2600ms);
  after.table.expire(after.now);
  CHECK(after.state(after.table.find("edge1")) == NodeState::kDead);
  STRCMP_CONTAINS("down edge1", after.events().c_str());
}

TEST(NodeRecord, KeepsWhoIsDrainingOrDeadAndWhoPolls) {
  before.table.drain(edge, "it says so", before.now);
  const NodeSlot gone = before.add("edge2");
  before.table.bye(gone, "says goodbye", before.now);
  NodeHello old = SomeCluster::hello("old", 0, NodeKind::kLegacy);
  old.every = 10s;
  old.out_after = 30s;
  const NodeSlot polls = before.add(old);
  before.add_self();
  before.pass(8s);
  before.events();
  hand_over(before, after);
  CHECK(after.state(after.table.find("edge1")) == NodeState::kDraining);
  CHECK(after.state(after.table.find("edge2")) == NodeState::kDead);
  STRCMP_EQUAL("says goodbye", after.table.node(after.table.find("edge2")).why.c_str());
  CHECK(after.state(after.table.find("old")) == NodeState::kUp);
  CHECK_EQUAL(kNoNode, after.table.self());
  // Its silence began before.
  after.pass(23s);
  after.table.expire(after.now);
  CHECK(after.state(after.table.find("old")) == NodeState::kDead);
  static_cast<void>(polls);
}
