#include "cluster/link/ingest.h"

#include <cstdlib>
#include <memory>
#include <queue>

#include "base/random.h"

// Last, because it redefines `new`.
#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace std::chrono_literals;

namespace {

// Nodes on a clock of their own, with links that lose nothing and take their time; each node has
// one mount, /m, whose studio is always there.
class Net {
 public:
  struct Member {
    std::unique_ptr<Ingest> ingest;  // null: it does not run
    bool intends = false, connected = false, fails = false, listens = false;
    SteadyTime at{};        // connected follows intends then
    unsigned feeder = ~0U;  // that its listeners hear, or heard last
    SteadyTime fed{};       // … so lately
  };
  Net(unsigned count, std::uint64_t seed, std::string capture_at = "")
      : rng(seed), members(count), capture_at_(std::move(capture_at)) {
    for (unsigned i = 0; i < count; ++i) start(i);
  }
  static std::string name(unsigned i) { return "p" + std::to_string(i); }

  void start(unsigned i) {
    Member& member = members[i];
    member = Member{};
    member.listens = rng.below(2) == 0;
    member.ingest = std::make_unique<Ingest>(
        name(i), [](const std::string&, const IngestRow&) { return true; }, now);
    member.ingest->configure({{"/m", capture_at_, hand_back}}, false);
  }
  void kill(unsigned i) {
    for (unsigned j = 0; j < members.size(); ++j) cut(i, j, 0ms);
    members[i] = Member{};
  }
  bool linked(unsigned i, unsigned j) const { return links.contains(std::minmax(i, j)); }
  void link(unsigned i, unsigned j) {
    if (i == j || linked(i, j) || !members[i].ingest || !members[j].ingest) return;
    const std::uint64_t number = ++last_link_;
    links[std::minmax(i, j)] = number;
    for (const auto& [a, b] : {std::pair(i, j), std::pair(j, i)})
      later(1ms, [this, a = a, b = b, number] {
        if (!members[a].ingest || !linked(a, b) || links[std::minmax(a, b)] != number) return;
        standing[{a, b}] = number;
        members[a].ingest->joined(name(b), true, now);
      });
  }
  // Each end sees it after a time of its own.
  void cut(unsigned i, unsigned j, std::chrono::milliseconds most) {
    if (!linked(i, j)) return;
    links.erase(std::minmax(i, j));
    for (const auto& [a, b] : {std::pair(i, j), std::pair(j, i)})
      later(random_time(most), [this, a = a, b = b] {
        if (linked(a, b)) return;  // another link stands by now
        standing.erase({a, b});
        if (members[a].ingest) members[a].ingest->left(name(b), now);
      });
  }
  std::chrono::milliseconds random_time(std::chrono::milliseconds most) {
    return std::chrono::milliseconds(rng.below(static_cast<std::uint64_t>(most.count()) + 1));
  }
  void pass(std::chrono::milliseconds time) {
    const SteadyTime end = now + time;
    while (now < end) {
      const SteadyTime next =
          std::min(end, due_.empty() ? next_tick_ : std::min(due_.top().at, next_tick_));
      now = std::max(now, next);
      while (!due_.empty() && due_.top().at <= now) {
        const auto what = due_.top().what;
        due_.pop();
        what();
      }
      if (now >= next_tick_) {
        tick();
        next_tick_ = now + kTick;
      }
    }
  }
  unsigned owners() const {
    unsigned count = 0;
    for (const Member& member : members) count += member.intends || member.connected ? 1 : 0;
    return count;
  }
  unsigned owner() const {
    for (unsigned i = 0; i < members.size(); ++i)
      if (members[i].connected) return i;
    return ~0U;
  }
  // All that run reach each other.
  bool connected() const {
    std::vector<unsigned> reached;
    std::set<unsigned> seen;
    std::size_t running = 0;
    for (unsigned i = 0; i < members.size(); ++i) {
      if (!members[i].ingest) continue;
      if (running++ == 0) {
        reached.push_back(i);
        seen.insert(i);
      }
    }
    while (!reached.empty()) {
      const unsigned i = reached.back();
      reached.pop_back();
      for (unsigned j = 0; j < members.size(); ++j)
        if (linked(i, j) && seen.insert(j).second) reached.push_back(j);
    }
    return seen.size() == running;
  }

  Rng rng;
  SteadyTime now{1000s};
  std::vector<Member> members;
  std::map<std::pair<unsigned, unsigned>, std::uint64_t> links, standing;
  bool hand_back = true;
  unsigned taken = 0;

 private:
  static constexpr auto kTick = 100ms, kLinger = 10'000ms;
  struct Due {
    SteadyTime at;
    std::uint64_t number;
    std::function<void()> what;
    bool operator<(const Due& other) const {
      return std::pair(at, number) > std::pair(other.at, other.number);
    }
  };
  void later(std::chrono::milliseconds time, std::function<void()> what) {
    due_.push({now + time, ++last_due_, std::move(what)});
  }
  // One that has listeners here gets the stream from a captor it reaches, and stays connected with
  // that one's mount as long as it lingers.
  Ingest::Flow flow_of(unsigned i) {
    Member& member = members[i];
    Ingest::Flow flow;
    flow.captures = member.connected;
    flow.fails = member.intends && member.fails;
    if (member.connected || !member.listens) return flow;
    for (unsigned j = 0; j < members.size(); ++j)
      if (linked(i, j) && members[j].connected) {
        member.feeder = j;
        member.fed = now;
        break;
      }
    flow.follows = member.feeder != ~0U && linked(i, member.feeder) && now - member.fed < kLinger;
    if (flow.follows) flow.feeder = name(member.feeder);
    return flow;
  }
  void tick() {
    for (unsigned i = 0; i < members.size(); ++i) {
      Member& member = members[i];
      if (!member.ingest) continue;
      if (member.connected != member.intends && now >= member.at) member.connected = member.intends;
      member.ingest->set_flow("/m", flow_of(i));
      for (const Ingest::Change& change : member.ingest->decide(now)) {
        member.intends = change.captures;
        member.at = now + random_time(100ms);
        taken += change.captures ? 1 : 0;
      }
      for (unsigned j = 0; j < members.size(); ++j) {
        if (!standing.contains({i, j})) continue;
        auto rows = member.ingest->news_for(name(j));
        if (rows.empty() || !linked(i, j)) continue;
        // In the order sent, as over one connection.
        const SteadyTime soonest = std::max(now + random_time(30ms), arrived_[{i, j}]);
        arrived_[{i, j}] = soonest;
        due_.push({soonest, ++last_due_,
                   [this, i, j, rows = std::move(rows), number = links[std::minmax(i, j)]] {
                     if (linked(i, j) && links[std::minmax(i, j)] == number && members[j].ingest &&
                         standing.contains({j, i}))
                       members[j].ingest->take(name(i), rows);
                   }});
      }
    }
  }

  const std::string capture_at_;
  std::priority_queue<Due> due_;
  std::uint64_t last_due_ = 0, last_link_ = 0;
  std::map<std::pair<unsigned, unsigned>, SteadyTime> arrived_;
  SteadyTime next_tick_ = now;
};

}  // namespace

TEST_GROUP(Ingest){
    static void mesh(Net & net){for (unsigned i = 0; i < net.members.size();
                                     ++i) for (unsigned j = 0; j < i; ++j) net.link(i, j);
}
}
;

TEST(Ingest, AloneItCapturesAtOnce) {
  const SteadyTime now{1000s};
  Ingest one(
      "p1", [](const std::string&, const IngestRow&) { return true; }, now);
  one.configure({{"/m", "", true}}, true);
  const auto changes = one.decide(now);
  CHECK_EQUAL(1U, changes.size());
  CHECK(changes[0].captures);
  CHECK(one.captures("/m"));
  CHECK_EQUAL(std::size_t{1}, one.captured());
}
TEST(Ingest, AfterAStartTheOthersAreHeardFirst) {
  Net net(5, 1);
  mesh(net);
  net.pass(1400ms);
  CHECK_EQUAL(0U, net.owners());
  net.pass(1000ms);
  CHECK_EQUAL(1U, net.owners());
  CHECK_EQUAL(1U, net.taken);
}
TEST(Ingest, WithoutAnyLinkItWaitsThreeSeconds) {
  Net net(1, 1);
  net.pass(2900ms);
  CHECK_EQUAL(0U, net.owners());
  net.pass(300ms);
  CHECK_EQUAL(1U, net.owners());
}
TEST(Ingest, ThePreferredNodeCapturesAndTheNextOneAfterItsDeath) {
  Net net(5, 1, "p3");
  mesh(net);
  net.pass(3s);
  CHECK_EQUAL(3U, net.owner());
  net.kill(3);
  net.pass(400ms);
  CHECK_EQUAL(1U, net.owners());
  const unsigned next = net.owner();
  CHECK(next != 3);
  net.start(3);
  mesh(net);
  net.pass(9s);
  CHECK_EQUAL(next, net.owner());
  net.pass(3s);
  CHECK_EQUAL(3U, net.owner());
  CHECK_EQUAL(1U, net.owners());
}
// Its listeners hear the mount of the node that hands back, which keeps them while it has nothing.
TEST(Ingest, ItIsHandedBackToANodeThatFollows) {
  Net net(2, 1, "p1");
  mesh(net);
  net.pass(3s);
  net.kill(1);
  net.pass(400ms);
  net.start(1);
  net.members[1].listens = true;
  mesh(net);
  net.pass(9s);
  CHECK_EQUAL(0U, net.owner());
  net.pass(2s);
  CHECK_EQUAL(1U, net.owner());
  CHECK_EQUAL(1U, net.owners());
}
TEST(Ingest, ANodeThatIsFedCapturesNothingUnlessItsFeederHasEnded) {
  const SteadyTime now{1000s};
  Ingest node(
      "p1", [](const std::string&, const IngestRow&) { return true; }, now);
  node.configure({{"/m", "p1", true}}, false);
  node.joined("p2", true, now);
  node.joined("p3", true, now);
  const SteadyTime later = now + 5s;
  Ingest::Flow flow;
  flow.follows = true;
  node.set_flow("/m", flow);  // by a node that is not known
  node.take("p2", {{"/m", "p2", IngestState::kReady, {}}});
  CHECK(node.decide(later).empty());
  flow.feeder = "p2";
  node.set_flow("/m", flow);
  node.take("p3", {{"/m", "p3", IngestState::kOn, {}}});
  CHECK(node.decide(later).empty());  // p2 has it from there
  node.take("p3", {{"/m", "p3", IngestState::kReady, {}}});
  CHECK_EQUAL(std::size_t{1}, node.decide(later).size());
  CHECK(node.captures("/m"));
}
TEST(Ingest, WhereTheFeederDrainsTheNextOneCapturesAtOnce) {
  const SteadyTime now{1000s}, later = now + 5s;
  Ingest node(
      "p1", [](const std::string&, const IngestRow&) { return true; }, now);
  node.configure({{"/m", "p2", true}}, false);
  node.joined("p2", true, now);
  node.take("p2", {{"/m", "p2", IngestState::kOn, {}}});
  Ingest::Flow flow;
  flow.follows = true;
  flow.feeder = "p2";
  node.set_flow("/m", flow);
  CHECK(node.decide(later).empty());
  node.take("p2", {{"/m", "p2", IngestState::kOff, {}}});
  CHECK_EQUAL(std::size_t{1}, node.decide(later).size());
}
// So a master that is no peer can pull it from there, for itself and its other nodes.
TEST(Ingest, WhatANodeCapturesIsASourceOfIt) {
  const SteadyTime now{1000s};
  Ingest master(
      "m1", [](const std::string&, const IngestRow& row) { return row.mount != "/not-believed"; },
      now);
  master.joined("e1", false, now);
  master.joined("e2", false, now);
  master.take("e1", {{"/m", "e1", IngestState::kOn, {}},
                     {"/m", "far", IngestState::kOn, {"e1"}},
                     {"/not-believed", "e1", IngestState::kOn, {}}});
  master.take("e2", {{"/m", "e2", IngestState::kReady, {}}});
  CHECK((master.nodes_with_source("/m") == std::vector<std::string>{"e1"}));
  CHECK((master.sources() == std::vector<Ingest::Elsewhere>{{"/m", "e1"}}));
  CHECK(master.is_captured_at("/m", "e1"));
  CHECK(!master.is_source_at("/m", "e1"));
  CHECK((master.take_changed_sources() == std::set<std::string>{"/m"}));
  master.take("e1", {{"/m", "e1", IngestState::kReady, {}}});
  CHECK((master.take_changed_sources() == std::set<std::string>{"/m"}));
  CHECK(master.take_ended_sources().empty());  // another one captures it
  master.take("e2", {{"/m", "e2", IngestState::kOn, {}}});
  CHECK((master.nodes_with_source("/m") == std::vector<std::string>{"e2"}));
  CHECK((master.take_changed_sources() == std::set<std::string>{"/m"}));
  master.left("e2", now);
  CHECK((master.take_changed_sources() == std::set<std::string>{"/m"}));
  CHECK(master.nodes_with_source("/m").empty());
}
TEST(Ingest, WhereNothingIsHandedBackItStays) {
  Net net(3, 1, "p2");
  net.hand_back = false;
  for (unsigned i = 0; i < 3; ++i) net.start(i);
  mesh(net);
  net.pass(3s);
  net.kill(2);
  net.pass(2s);
  const unsigned next = net.owner();
  net.start(2);
  mesh(net);
  net.pass(30s);
  CHECK_EQUAL(next, net.owner());
}
TEST(Ingest, BothSidesOfAPartitionCaptureAndTheWorseOneEnds) {
  Net net(4, 1, "p0");
  mesh(net);
  net.pass(3s);
  for (unsigned i : {0U, 1U})
    for (unsigned j : {2U, 3U}) net.cut(i, j, 1000ms);
  net.pass(1500ms);
  CHECK_EQUAL(2U, net.owners());
  CHECK_EQUAL(0U, net.owner());
  mesh(net);
  net.pass(2s);
  CHECK_EQUAL(1U, net.owners());
  CHECK_EQUAL(0U, net.owner());
}
TEST(Ingest, AProcessThatWasAwayHearsTheOthersFirst) {
  Net net(3, 1, "p1");
  mesh(net);
  net.pass(4s);
  const auto woken = [&net](bool told) {
    net.cut(0, 1, 0ms);
    net.cut(0, 2, 0ms);
    if (told) net.members[0].ingest->woke(net.now);
    net.pass(300ms);
    mesh(net);
    net.pass(2s);
  };
  woken(true);
  CHECK_EQUAL(1U, net.taken);
  net.pass(12s);
  CHECK_EQUAL(1U, net.taken);
  net.members[0].listens = false;  // nor does it follow
  woken(false);
  CHECK_EQUAL(2U, net.taken);  // without that it takes over what it cannot know
  CHECK_EQUAL(1U, net.owners());
}
TEST(Ingest, AMasterThatRestartsMakesNoDuplicate) {
  Net net(3, 1, "p1");  // p0 is between the two
  net.link(0, 1);
  net.link(0, 2);
  net.pass(4s);
  CHECK_EQUAL(1U, net.owner());
  net.kill(0);
  net.pass(2s);
  net.start(0);
  net.link(0, 1);
  net.link(0, 2);
  net.pass(12s);
  CHECK_EQUAL(1U, net.owner());
  CHECK_EQUAL(1U, net.owners());
  CHECK_EQUAL(1U, net.taken);
}
TEST(Ingest, AChainOfFiveHasOneOwner) {
  Net net(5, 1, "p4");
  for (unsigned i = 1; i < 5; ++i) net.link(i - 1, i);
  net.pass(20s);
  CHECK_EQUAL(1U, net.owners());
  CHECK_EQUAL(4U, net.owner());
}
TEST(Ingest, ANodeThatCannotReachTheStudioGivesWayAndIsNotTriedOften) {
  Net net(3, 1, "p0");
  net.members[0].fails = true;
  mesh(net);
  net.pass(8s);
  const unsigned next = net.owner();
  CHECK(next != 0);
  CHECK_EQUAL(1U, net.owners());
  const unsigned before = net.taken;
  net.pass(300s);
  CHECK(net.taken - before <= 10);
}
TEST(Ingest, WhereNoNodeReachesItOneGoesOnTrying) {
  Net net(3, 1);
  for (auto& member : net.members) member.fails = true;
  mesh(net);
  for (int i = 0; i < 100; ++i) {
    net.pass(3s);
    if (i > 0) CHECK(net.owners() <= 1);
  }
  unsigned trying = 0;
  for (int i = 0; i < 100; ++i) {
    net.pass(1s);
    trying += net.owners();
  }
  CHECK(trying >= 90);
}
TEST(Ingest, MountsAreSharedOut) {
  std::map<std::string, int> first;
  const SteadyTime now{1000s};
  std::vector<std::unique_ptr<Ingest>> nodes;
  std::vector<IngestPlan> plans;
  for (int i = 0; i < 200; ++i) plans.push_back({"/m" + std::to_string(i), "", true});
  for (int i = 0; i < 5; ++i) {
    nodes.push_back(std::make_unique<Ingest>(
        "p" + std::to_string(i), [](const std::string&, const IngestRow&) { return true; }, now));
    nodes.back()->configure(plans, false);
  }
  for (int i = 0; i < 5; ++i)
    for (int j = 0; j < 5; ++j)
      if (i != j) nodes[static_cast<unsigned>(i)]->joined("p" + std::to_string(j), true, now);
  for (int i = 0; i < 5; ++i)
    for (int j = 0; j < 5; ++j)
      if (i != j)
        nodes[static_cast<unsigned>(j)]->take(
            "p" + std::to_string(i),
            nodes[static_cast<unsigned>(i)]->news_for("p" + std::to_string(j)));
  std::size_t all = 0;
  for (const auto& node : nodes) {
    node->decide(now + 2s);
    all += node->captured();
    CHECK(node->captured() >= 40 - 17);  // 3 sigma
    CHECK(node->captured() <= 40 + 17);
  }
  CHECK_EQUAL(std::size_t{200}, all);
}
TEST(Ingest, ManyAreHandedBackNoFasterThanFiveASecond) {
  const SteadyTime now{1000s};
  Ingest node(
      "p1", [](const std::string&, const IngestRow&) { return true; }, now);
  std::vector<IngestPlan> plans;
  std::vector<IngestRow> rows;
  for (int i = 0; i < 20; ++i) {
    plans.push_back({"/m" + std::to_string(i), "p2", true});
    rows.push_back({"/m" + std::to_string(i), "p2", IngestState::kReady, {}});
  }
  node.configure(plans, true);
  CHECK_EQUAL(std::size_t{20}, node.decide(now).size());
  node.joined("p2", false, now);
  node.take("p2", rows);
  CHECK(node.decide(now + 1s).empty());
  CHECK_EQUAL(std::size_t{5}, node.decide(now + 11s).size());
  CHECK(node.decide(now + 11500ms).empty());
  CHECK_EQUAL(std::size_t{5}, node.decide(now + 12s).size());
}
TEST(Ingest, ARowThatIsNotBelievedChangesNothingAndIsShown) {
  const SteadyTime now{1000s};
  Ingest node(
      "p1", [](const std::string& sender, const IngestRow&) { return sender != "liar"; }, now);
  node.configure({{"/m", "", true}}, true);
  node.joined("liar", false, now);
  node.take("liar", {{"/m", "liar", IngestState::kOn, {}}});
  CHECK_EQUAL(std::size_t{1}, node.decide(now).size());
  CHECK(node.captures("/m"));
  CHECK_EQUAL(std::size_t{1}, node.refused().size());
  // In the name of another one, or with this node's own name: dropped.
  node.joined("p2", true, now);
  node.take("p2", {{"/m", "p3", IngestState::kOn, {}},
                   {"/m", "p1", IngestState::kOn, {"p2"}},
                   {"/m", "p4", IngestState::kOn, {"p1", "p2"}}});
  CHECK_EQUAL(std::size_t{1}, node.known("/m").size());
}
TEST(Ingest, OwnSourcesAreToldToMastersAndNotRepeated) {
  const SteadyTime now{1000s};
  const auto all = [](const std::string&, const IngestRow&) { return true; };
  Ingest edge("e1", all, now), master("m1", all, now);
  edge.joined("m1", true, now);
  edge.joined("below", false, now);
  master.joined("e1", false, now);
  master.joined("m2", true, now);
  const ReportedSource ann{"ann", "192.0.2.7", "butt", 5}, bob{"bob", "192.0.2.8", "", 9};
  edge.set_sources({{"/a", ann}, {"/b", {}}});
  const auto rows = edge.news_for("m1");
  CHECK_EQUAL(std::size_t{2}, rows.size());
  CHECK((rows[0] == IngestRow{"/a", "e1", IngestState::kOn, {}, true, ann}));
  CHECK(edge.news_for("m1").empty());
  CHECK(edge.news_for("below").empty());
  master.take("e1", rows);
  CHECK(master.news_for("m2").empty());
  CHECK((master.sources() == std::vector<Ingest::Elsewhere>{{"/a", "e1"}, {"/b", "e1"}}));
  CHECK((master.nodes_with_source("/a") == std::vector<std::string>{"e1"}));
  CHECK((master.take_changed_sources() == std::set<std::string>{"/a", "/b"}));
  CHECK(master.take_changed_sources().empty());
  CHECK(master.source_at("/a", "e1") == ann);
  CHECK(!master.source_at("/b", "e1") && !master.source_at("/c", "e1"));
  // Another encoder takes over: the mount is as it was, only who sends it is another.
  edge.set_source("/a", bob);
  const auto changed = edge.news_for("m1");
  CHECK_EQUAL(std::size_t{1}, changed.size());
  master.take("e1", changed);
  CHECK(master.source_at("/a", "e1") == bob);
  CHECK(master.take_changed_sources().empty());
  edge.set_source("/a", std::nullopt);
  edge.set_source("/none", std::nullopt);
  master.take("e1", edge.news_for("m1"));
  CHECK((master.sources() == std::vector<Ingest::Elsewhere>{{"/b", "e1"}}));
  CHECK((master.take_ended_sources() == std::vector<Ingest::Elsewhere>{{"/a", "e1"}}));
  CHECK(master.take_ended_sources().empty());
  // In the name of another node: nothing.
  master.take("e1", {{"/c", "e2", IngestState::kOn, {}, true}});
  CHECK_EQUAL(std::size_t{1}, master.sources().size());
  master.left("e1", now);
  CHECK(master.sources().empty());
  // The node has not said so: its stream may still flow.
  CHECK(master.take_ended_sources().empty());
}
TEST(Ingest, SourcesOfNodesStayForTheNextProcessOfTheirMaster) {
  SteadyTime now{1000s};
  const auto all = [](const std::string&, const IngestRow&) { return true; };
  Ingest before("m1", all, now), next("m1", all, now);
  for (const std::string node : {"e1", "e2"}) {
    before.joined(node, false, now);
    before.take(node, {{"/" + node, node, IngestState::kOn, {}, true},
                       {"/ended", node, IngestState::kOn, {}, true}});
  }
  for (const auto& [node, rows] : before.rows_of_neighbours()) next.restore(node, rows, now);
  CHECK((next.nodes_with_source("/e1") == std::vector<std::string>{"e1"}));
  CHECK((next.take_changed_sources() == std::set<std::string>{"/e1", "/e2", "/ended"}));
  next.joined("e1", false, now);
  next.take("e1", {{"/e1", "e1", IngestState::kOn, {}, true}});
  CHECK(next.overdue(now + 1s).empty());
  now += 3s;
  // One is not linked again, and the other has not sent a source again.
  CHECK((next.overdue(now) == std::vector<std::string>{"e2"}));
  next.left("e2", now);
  next.decide(now);
  CHECK((next.sources() == std::vector<Ingest::Elsewhere>{{"/e1", "e1"}}));
  CHECK((next.take_changed_sources() == std::set<std::string>{"/e2", "/ended"}));
  CHECK((next.take_ended_sources() == std::vector<Ingest::Elsewhere>{{"/ended", "e1"}}));
  now += 60s;
  next.decide(now);
  CHECK((next.sources() == std::vector<Ingest::Elsewhere>{{"/e1", "e1"}}));
  CHECK(next.overdue(now).empty());
}
TEST(Ingest, AMasterIsToldWhatEndedBetweenTwoProcessesOfANode) {
  const SteadyTime now{1000s};
  const auto all = [](const std::string&, const IngestRow&) { return true; };
  Ingest before("e1", all, now), next("e1", all, now);
  before.set_sources({{"/a", {}}, {"/b", {}}});
  next.restore_sent("m1", before.own_sources(), now);
  next.set_sources({{"/b", {}}});
  next.joined("m1", true, now);
  const auto rows = next.news_for("m1");
  CHECK_EQUAL(std::size_t{2}, rows.size());
  CHECK((rows[0] == IngestRow{"/b", "e1", IngestState::kOn, {}, true}));
  CHECK((rows[1] == IngestRow{"/a", "e1", IngestState::kOff, {}, true}));
  // Another master does not know it.
  next.joined("m2", true, now);
  CHECK_EQUAL(std::size_t{1}, next.news_for("m2").size());
}
TEST(Ingest, ACaptureThatIsThereIsKept) {
  const SteadyTime now{1000s};
  Ingest node(
      "p1", [](const std::string&, const IngestRow&) { return true; }, now);
  node.configure({{"/m", "", true}}, false);
  Ingest::Flow flow;
  flow.captures = true;
  node.set_flow("/m", flow);
  CHECK_EQUAL(std::size_t{1}, node.decide(now).size());
  CHECK(node.captures("/m"));
}
TEST(Ingest, RandomLinksAtMostOneOwnerWhereverItIsConnectedAndQuiet) {
  const char* full = std::getenv("LB_FULL");
  const int events = full != nullptr ? 100'000 : 3000;
  Net net(5, 42);
  mesh(net);
  int judged = 0;
  for (int i = 0; i < events; ++i) {
    const auto a = static_cast<unsigned>(net.rng.below(5));
    const auto b = static_cast<unsigned>(net.rng.below(5));
    const auto what = net.rng.below(100);
    if (what < 3)
      net.members[a].ingest ? net.kill(a) : net.start(a);
    else if (!net.members[a].ingest)
      net.start(a);
    else if (net.linked(a, b))
      net.cut(a, b, 1000ms);
    else
      net.link(a, b);
    const auto kind = net.rng.below(1000);
    net.pass(kind < 800   ? net.random_time(100ms)
             : kind < 990 ? net.random_time(1500ms)
             : kind < 997 ? 2s
                          : 18s);
    if (kind < 990 || !net.connected()) continue;
    ++judged;
    CHECK(net.owners() <= 1);
    if (kind >= 997 && net.owner() == ~0U) {
      bool any = false;
      for (const auto& member : net.members) any = any || member.ingest;
      CHECK(!any);
    }
  }
  CHECK(judged > events / 500);
}
