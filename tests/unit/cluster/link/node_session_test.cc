// A NodeSession: the master's end of a link, where the test is the node.
#include <string>

#include "cluster/link/fake_master_side.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

// The node is the test; its words are text.
TEST_GROUP(NodeSession) {
  LinkBench bench;
  FakeMasterSide master{bench};
  SocketPair pair;
  std::string heard;

  static constexpr const char* kHello =
      "{\"t\":\"HELLO\",\"id\":\"edge1\",\"epoch\":\"e1\",\"cap\":{\"lis\":500,\"kbps\":64000},"
      "\"pub\":{\"http\":[\"edge1.example.org:8000\"]},\"masters\":2}\n";
  static constexpr const char* kSnap = "{\"t\":\"SNAP\",\"seq\":1,\"carried\":[[\"/a\",3]]}\n";

  void begin() { master.add_node("edge1", pair.transport()); }
  void gets(const std::string& text) {
    pair.send(text);
    bench.turn();
    heard += pair.received();
  }
  static std::string load(int seq, int at, int listeners, const std::string& more = "") {
    return "{\"t\":\"LOAD\",\"seq\":" + std::to_string(seq) + ",\"at\":" + std::to_string(at) +
           ",\"lis\":" + std::to_string(listeners) +
           ",\"kbps\":" + std::to_string(128 * listeners) + more + "}\n";
  }
  const Node& node() const { return master.table.node(master.table.find("edge1")); }
  void ends_with(const std::string& reason) {
    CHECK(master.sessions.empty());
    STRCMP_EQUAL(("left edge1: " + reason).c_str(), bench.reported.back().c_str());
  }
};

TEST(NodeSession, AHelloIsAnsweredByAWelcomeAndByEverythingThatIsOffered) {
  master.offer({"/rock.mp3", "audio/mpeg", 128, {"m1"}, 0});
  begin();
  gets(kHello);
  STRCMP_CONTAINS("{\"t\":\"WELCOME\",\"id\":\"m1\",\"epoch\":\"77e0\"", heard.c_str());
  STRCMP_CONTAINS(
      "{\"t\":\"SNAP\",\"seq\":1,\"mounts\":[{\"m\":\"/rock.mp3\",\"ct\":\"audio/"
      "mpeg\",\"br\":128,\"from\":[\"m1\"]}]}\n",
      heard.c_str());
  CHECK(node().state == NodeState::kJoining);
  STRCMP_EQUAL("edge1.example.org", node().addresses[0].host.c_str());
  CHECK(node().capacity == (NodeCapacity{64'000, 500, 0}));
}
TEST(NodeSession, AnAddressWhereSomebodyElseAnswersIsNotUsed) {
  begin();
  gets(std::string(kHello) + kSnap);
  CHECK(bench.was_reported("try http://edge1.example.org:8000 of edge1"));
  const NodeAddress address = node().addresses[0];
  master.sessions.front()->address_tried(address, Error::timeout("no answer"));
  master.sessions.front()->address_tried(address, true);
  LONGS_EQUAL(1, node().addresses.size());
  CHECK(bench.captured.says("http://edge1.example.org:8000 cannot be tried from here (no answer"));
  master.sessions.front()->address_tried(address, false);
  CHECK(node().addresses.empty());
  CHECK(node().state == NodeState::kUp);
  CHECK(bench.captured.says(
      "no listener is sent to http://edge1.example.org:8000: another server answers there"));
}
TEST(NodeSession, AnAddressThatWasRefusedIsUsedWhenItIsProved) {
  begin();
  gets(std::string(kHello) + kSnap);
  const NodeAddress address = node().addresses[0];
  master.sessions.front()->address_tried(address, false);
  master.sessions.front()->address_tried(address, Error::timeout("no answer"));
  CHECK(node().addresses.empty());
  CHECK_FALSE(bench.captured.says("it is used"));
  master.sessions.front()->address_tried(address, true);
  LONGS_EQUAL(1, node().addresses.size());
  CHECK(node().state == NodeState::kUp);
}
TEST(NodeSession, AnAddressThatIsTriedAgainChangesNoLimits) {
  begin();
  gets(std::string(kHello) + kSnap);
  const NodeAddress address = node().addresses[0];
  master.table.set_limits(master.table.find("edge1"), {.most = {.listeners = 7}, .weight = 3});
  for (const bool itself : {false, true}) {
    master.sessions.front()->address_tried(address, itself);
    DOUBLES_EQUAL(3, node().limits.weight, 0);
    DOUBLES_EQUAL(7, node().hard_listeners, 0);
  }
  LONGS_EQUAL(1, node().addresses.size());
}
TEST(NodeSession, ItIsUpWhenItsSnapshotIsWhole) {
  begin();
  gets(kHello);
  gets("{\"t\":\"SNAP\",\"seq\":1,\"carried\":[[\"/a\",3]],\"more\":true}\n");
  CHECK(node().state == NodeState::kJoining);
  gets("{\"t\":\"SNAP\",\"seq\":2,\"carried\":[[\"/b\",1]]}\n");
  CHECK(node().state == NodeState::kUp);
  CHECK(bench.was_reported("up edge1"));
  CHECK(master.table.mount("/a") != nullptr && master.table.mount("/b") != nullptr);
}
TEST(NodeSession, ALoadIsCountedAndAcknowledged) {
  begin();
  gets(std::string(kHello) + kSnap +
       load(2, 100, 7, ",\"arr\":5,\"loop_ms\":4,\"relays\":1,\"rtt_us\":2000,\"c\":[[\"/a\",7]]"));
  STRCMP_CONTAINS("{\"t\":\"ACK\",\"seq\":2,\"now\":", heard.c_str());
  LONGS_EQUAL(7, node().reported_listeners);
  LONGS_EQUAL(896, node().reported_kbps);
  LONGS_EQUAL(4, node().loop_ms);
  LONGS_EQUAL(7, master.table.mount_listeners("/a"));
  CHECK(node().counts_arrivals);
  CHECK(node().last_report - node().sampled == 1ms);
}
TEST(NodeSession, AClockThatIsWrongIsSaidOnce) {
  const auto clock = [&](std::int64_t ahead) {
    return ",\"now\":" + std::to_string(wall_ms_of(bench.loop().clock()) + ahead);
  };
  begin();
  gets(std::string(kHello) + kSnap + load(2, 100, 1));
  CHECK_FALSE(node().clock_skew.has_value());  // it has not said
  gets(load(3, 101, 1, clock(10)));
  CHECK(std::chrono::abs(*node().clock_skew) < 1s);
  CHECK_FALSE(bench.captured.says("its clock"));
  gets(load(4, 102, 1, clock(70'000)) + load(5, 103, 1, clock(70'000)));
  CHECK(std::chrono::abs(*node().clock_skew - 70s) < 1s);
  CHECK(bench.captured.says("s ahead of ours; it checks our redirects by our clock"));
  gets(load(6, 104, 1, clock(-3'600'000)) + load(7, 105, 1, clock(-3'600'000)));
  CHECK(bench.captured.says("s behind ours; it checks our redirects by our clock"));
  gets(load(8, 106, 1, clock(0)) + load(9, 107, 1, clock(0)));
  CHECK(bench.captured.says("its clock agrees with ours again"));
}
TEST(NodeSession, ANodeIsWhoItHasProvedToBe) {
  master.add_node("edge2", pair.transport());
  gets(kHello);
  STRCMP_EQUAL("left edge2: says that it is edge1, but has logged in as edge2",
               bench.reported.back().c_str());
  LONGS_EQUAL(kNoNode, master.table.find("edge1"));
}
TEST(NodeSession, NothingCountsBeforeTheHello) {
  begin();
  gets(kSnap);
  ends_with("sent SNAP before it said HELLO");
}
TEST(NodeSession, ASecondHelloIsNone) {
  begin();
  gets(std::string(kHello) + kHello);
  ends_with("said HELLO twice");
  CHECK(node().state == NodeState::kDead);
}
TEST(NodeSession, AnotherVersionIsRefused) {
  begin();
  gets("{\"t\":\"HELLO\",\"id\":\"edge1\",\"epoch\":\"e1\",\"proto\":[2,0]}\n");
  ends_with("speaks version 2 of the link");
}
TEST(NodeSession, WhoeverIsNotInTheConfigurationIsRefused) {
  begin();
  master.known.nodes.clear();
  gets(kHello);
  ends_with("is not a <node> of the configuration");
}
TEST(NodeSession, WhatItEnforcesOfConfIsCounted) {
  begin();
  gets(std::string(kHello) + kSnap + load(2, 100, 1));
  NodeSession& session = *master.sessions.front();
  const SteadyTime now = bench.loop().now();
  ConfPieces::Piece conf;
  conf.lines = "{\"t\":\"CONF\",\"store\":\"s.1\"}\n";
  conf.more = false;
  session.send_conf(conf);
  CHECK(!session.conf_lag(now));  // it has never said
  gets(load(3, 200, 1, ",\"conf\":0"));
  CHECK(session.conf_lag(now + 2s) > 1s);
  conf.more = true;
  session.send_conf(conf);  // of the same run
  conf.more = false;
  session.send_conf(conf);
  gets(load(4, 300, 1, ",\"conf\":1"));
  CHECK(session.conf_lag(now + 2s) > 0s);
  gets(load(5, 400, 1, ",\"conf\":2"));
  CHECK(session.conf_lag(now + 2s) == 0s);
}
TEST(NodeSession, ALoadBeforeTheSnapshotEndsIt) {
  begin();
  gets(std::string(kHello) + load(1, 100, 1));
  ends_with("sent LOAD before its SNAP was complete");
}
TEST(NodeSession, ASecondSnapshotEndsIt) {
  begin();
  gets(std::string(kHello) + kSnap + "{\"t\":\"SNAP\",\"seq\":2}\n");
  ends_with("sent a second SNAP");
}
TEST(NodeSession, AReplayedLoadEndsIt) {
  begin();
  gets(std::string(kHello) + kSnap + load(2, 100, 1) + load(2, 100, 1));
  ends_with("sent LOAD number 2 where 3 comes next");
}
TEST(NodeSession, AClockThatGoesBackwardEndsIt) {
  begin();
  gets(std::string(kHello) + kSnap + load(2, 100, 1) + load(3, 99, 1));
  ends_with("sent a LOAD of 99 after one of 100: its clock goes backward");
}
TEST(NodeSession, WhatOnlyAMasterMaySayEndsIt) {
  for (const char* line :
       {"{\"t\":\"WELCOME\",\"id\":\"m\",\"epoch\":\"e\"}\n", "{\"t\":\"ACK\",\"seq\":1}\n",
        "{\"t\":\"CMD\",\"id\":1,\"do\":\"drain\"}\n", "{\"t\":\"DELTA\",\"seq\":1}\n"}) {
    SocketPair other;
    std::swap(pair, other);
    begin();
    gets(std::string(kHello) + line);
    STRCMP_CONTAINS("which only a master may", bench.reported.back().c_str());
    bench.reported.clear();
  }
}
TEST(NodeSession, ANodeOffersNothing) {
  begin();
  gets(std::string(kHello) +
       "{\"t\":\"SNAP\",\"seq\":1,\"mounts\":[{\"m\":\"/a\",\"from\":[\"edge1\"]}]}\n");
  ends_with("sent offers, which only a master may");
}
TEST(NodeSession, AnAddressThatIsNotAllowedIsNotUsed) {
  begin();
  gets(
      "{\"t\":\"HELLO\",\"id\":\"edge1\",\"epoch\":\"e1\",\"pub\":{\"http\":[\"victim.example:80\"]"
      "}}\n");
  CHECK(node().addresses.empty());
  CHECK(bench.captured.says("announces victim.example:80, which its allow-public does not name"));
  CHECK(bench.captured.says("no listener is sent there"));
}
TEST(NodeSession, WhoWantsNoListenersGetsNone) {
  begin();
  gets(
      "{\"t\":\"HELLO\",\"id\":\"edge1\",\"epoch\":\"e1\",\"listeners\":false,\"pub\":{\"http\":["
      "\"edge1.example.org:8000\"]}}\n");
  CHECK(node().addresses.empty());
}
TEST(NodeSession, TheEndOfTheConnectionIsTheEndOfTheNode) {
  begin();
  gets(std::string(kHello) + kSnap);
  pair.close();
  bench.turn();
  CHECK(node().state == NodeState::kDead);
  CHECK(bench.was_reported("down edge1: closed the connection"));
}
// Frames that are no reports keep a link from being silent.
TEST(NodeSession, ANodeThatIsDeadDoesNotReportOnButComesAgain) {
  begin();
  gets(std::string(kHello) + kSnap + load(2, 100, 1));
  master.table.expire(node().dead_at);
  CHECK(node().state == NodeState::kDead);
  gets(load(3, 1200, 1));
  ends_with("reported too late, when it was taken for dead");
}
TEST(NodeSession, AGoodbyeIsRemembered) {
  begin();
  gets(std::string(kHello) + kSnap + "{\"t\":\"BYE\",\"why\":\"restart\"}\n");
  CHECK(bench.was_reported("down edge1: says goodbye: restart"));
  CHECK(master.sessions.empty());
}
TEST(NodeSession, AnotherProcessWithTheSameIdIsRefused) {
  begin();
  gets(std::string(kHello) + kSnap);
  SocketPair copy;
  master.add_node("edge1", copy.transport());
  copy.send("{\"t\":\"HELLO\",\"id\":\"edge1\",\"epoch\":\"other\"}\n");
  bench.turn();
  STRCMP_CONTAINS(
      "{\"t\":\"BYE\",\"why\":\"duplicate id: another process is connected as "
      "edge1\",\"code\":409}",
      copy.received().c_str());
  LONGS_EQUAL(1, master.sessions.size());
  CHECK(node().state == NodeState::kUp);
  STRCMP_EQUAL("e1", node().epoch.c_str());
}
TEST(NodeSession, AnotherConnectionOfTheSameProcessTakesItsPlace) {
  begin();
  gets(std::string(kHello) + kSnap);
  SocketPair again;
  master.add_node("edge1", again.transport());
  again.send(std::string(kHello) + kSnap);
  bench.turn();
  LONGS_EQUAL(1, master.sessions.size());
  CHECK(node().state == NodeState::kUp);
}
TEST(NodeSession, DrainsAndComesBack) {
  begin();
  gets(std::string(kHello) + kSnap + "{\"t\":\"DRAIN\",\"mode\":\"soft\",\"why\":\"upgrade\"}\n");
  CHECK(node().state == NodeState::kDraining);
  CHECK(bench.was_reported("drain edge1: upgrade"));
  gets("{\"t\":\"DRAIN\",\"mode\":\"off\"}\n");
  CHECK(node().state == NodeState::kUp);
}
// It stopped draining between two links of the same run, of which the master saw no gap.
TEST(NodeSession, ALinkThatSaysNothingOfADrainIsThatOfANodeThatDoesNot) {
  begin();
  gets(std::string(kHello) + kSnap + "{\"t\":\"DRAIN\",\"mode\":\"soft\"}\n" + load(2, 100, 1));
  CHECK(node().state == NodeState::kDraining);
  SocketPair again;
  master.add_node("edge1", again.transport());
  again.send(std::string(kHello) + kSnap);
  bench.turn();
  CHECK(node().state == NodeState::kDraining);
  again.send(load(2, 200, 1));
  bench.turn();
  CHECK(node().state == NodeState::kUp);
}
TEST(NodeSession, AMessageIsInItsOwnName) {
  begin();
  gets(std::string(kHello) +
       "{\"t\":\"MSG\",\"topic\":\"x\",\"from\":\"edge1\",\"id\":\"1\",\"b\":\"\"}\n");
  CHECK(bench.was_reported("node's message x of edge1"));
  gets("{\"t\":\"MSG\",\"topic\":\"x\",\"from\":\"edge2\",\"id\":\"1\",\"b\":\"\"}\n");
  ends_with("sent a MSG in the name of edge2");
}
TEST(NodeSession, TooManyMessagesEndIt) {
  begin();
  gets(kHello);
  for (unsigned i = 0; i <= NodeSession::kMaxMessagesASecond; ++i)
    gets("{\"t\":\"MSG\",\"topic\":\"x\",\"from\":\"edge1\",\"id\":\"" + std::to_string(i) +
         "\",\"b\":\"\"}\n");
  ends_with("sent more than 100 MSG in a second");
}
TEST(NodeSession, AsksWhoHasAMount) {
  master.offer({"/a", "", 0, {"m1"}, 0});
  begin();
  gets(std::string(kHello) + "{\"t\":\"WHO\",\"m\":\"/a\"}\n{\"t\":\"WHO\",\"m\":\"/b\"}\n");
  STRCMP_CONTAINS(
      "{\"t\":\"WHO\",\"m\":\"/a\",\"ok\":true}\n{\"t\":\"WHO\",\"m\":\"/b\",\"ok\":false}\n",
      heard.c_str());
}
TEST(NodeSession, TooManyMountsEndIt) {
  begin();
  gets(kHello);
  const auto snap = [](int seq) {
    std::string line =
        "{\"t\":\"SNAP\",\"seq\":" + std::to_string(seq) + ",\"more\":true,\"carried\":[";
    for (int i = 0; i < 5000; ++i) line += (i ? ",[\"/" : "[\"/") + std::to_string(i) + "\",1]";
    return line + "]}\n";
  };
  for (int i = 1; i <= 5 && !master.sessions.empty(); ++i) {
    const std::string line = snap(i);
    for (std::size_t at = 0; at < line.size(); at += 16'000) gets(line.substr(at, 16'000));
  }
  ends_with("has named more than 20000 mounts");
}
TEST(NodeSession, ChangesAreToldAtOnce) {
  begin();
  gets(std::string(kHello) + kSnap);
  heard.clear();
  master.offer({"/new.mp3", "audio/mpeg", 0, {"m1"}, 0});
  master.sessions.front()->send_offers();
  heard += pair.received();  // in the same turn
  STRCMP_EQUAL(
      "{\"t\":\"DELTA\",\"seq\":2,\"add\":[{\"m\":\"/new.mp3\",\"ct\":\"audio/"
      "mpeg\",\"from\":[\"m1\"]}]}\n",
      heard.c_str());
  heard.clear();
  master.sessions.front()->send_offers();
  master.offered.set_own({"/new.mp3", false, ""}, std::nullopt);
  master.sessions.front()->send_offers();
  STRCMP_EQUAL("{\"t\":\"DELTA\",\"seq\":3,\"del\":[\"/new.mp3\"]}\n", pair.received().c_str());
}
