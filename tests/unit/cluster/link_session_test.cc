// Both ends of a link: a NodeSession that a test talks to, and a MasterSession with a real one.
#include <string>
#include <vector>

#include "cluster/link_ground.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

// The node is the test; its words are text.
TEST_GROUP(NodeSession) {
  LinkGround ground;
  SocketPair pair;
  std::string heard;

  static constexpr const char* kHello =
      "{\"t\":\"HELLO\",\"id\":\"edge1\",\"epoch\":\"e1\",\"cap\":{\"lis\":500,\"kbps\":64000},"
      "\"pub\":{\"http\":[\"edge1.example.org:8000\"]},\"masters\":2}\n";
  static constexpr const char* kSnap = "{\"t\":\"SNAP\",\"seq\":1,\"carried\":[[\"/a\",3]]}\n";

  void begin() { ground.add_node("edge1", pair.transport()); }
  void gets(const std::string& text) {
    pair.send(text);
    ground.turn();
    heard += pair.received();
  }
  static std::string load(int seq, int at, int listeners, const std::string& more = "") {
    return "{\"t\":\"LOAD\",\"seq\":" + std::to_string(seq) + ",\"at\":" + std::to_string(at) +
           ",\"lis\":" + std::to_string(listeners) +
           ",\"kbps\":" + std::to_string(128 * listeners) + more + "}\n";
  }
  const Node& node() const { return ground.table.node(ground.table.find("edge1")); }
  void ends_with(const std::string& reason) {
    CHECK(ground.sessions().empty());
    STRCMP_EQUAL(("left edge1: " + reason).c_str(), ground.told.back().c_str());
  }
};

TEST(NodeSession, AHelloIsAnsweredByAWelcomeAndByEverythingThatIsOffered) {
  ground.offer_book.update({{"/rock.mp3", "audio/mpeg", 128, {"m1"}, 0}});
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
  CHECK(ground.was_said("try http://edge1.example.org:8000 of edge1"));
  const NodeAddress address = node().addresses[0];
  ground.sessions().front()->address_refused(address, "somebody else answers there");
  CHECK(node().addresses.empty());
  CHECK(node().state == NodeState::kUp);
  CHECK(ground.book.says(
      "no listener is sent to http://edge1.example.org:8000: somebody else answers there"));
  ground.sessions().front()->address_refused(address, "again");
  CHECK_FALSE(ground.book.says("again"));
}
TEST(NodeSession, ItIsUpWhenItsSnapshotIsWhole) {
  begin();
  gets(kHello);
  gets("{\"t\":\"SNAP\",\"seq\":1,\"carried\":[[\"/a\",3]],\"more\":true}\n");
  CHECK(node().state == NodeState::kJoining);
  gets("{\"t\":\"SNAP\",\"seq\":2,\"carried\":[[\"/b\",1]]}\n");
  CHECK(node().state == NodeState::kUp);
  CHECK(ground.was_said("up edge1"));
  CHECK(ground.table.mount("/a") != nullptr && ground.table.mount("/b") != nullptr);
}
TEST(NodeSession, ALoadIsCountedAndAcknowledged) {
  begin();
  gets(std::string(kHello) + kSnap +
       load(2, 100, 7, ",\"arr\":5,\"loop_ms\":4,\"relays\":1,\"rtt_us\":2000,\"c\":[[\"/a\",7]]"));
  STRCMP_CONTAINS("{\"t\":\"ACK\",\"seq\":2,\"now\":", heard.c_str());
  LONGS_EQUAL(7, node().reported_listeners);
  LONGS_EQUAL(896, node().reported_kbps);
  LONGS_EQUAL(4, node().loop_ms);
  LONGS_EQUAL(7, ground.table.mount_listeners("/a"));
  CHECK(node().counts_arrivals);
  CHECK(node().last_report - node().sampled == 1ms);
}
TEST(NodeSession, ANodeIsWhoItHasProvedToBe) {
  ground.add_node("edge2", pair.transport());
  gets(kHello);
  STRCMP_EQUAL("left edge2: says that it is edge1, but has logged in as edge2",
               ground.told.back().c_str());
  LONGS_EQUAL(kNoNode, ground.table.find("edge1"));
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
  ground.known.nodes.clear();
  gets(kHello);
  ends_with("is no <node> of the configuration");
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
    STRCMP_CONTAINS("which only a master may", ground.told.back().c_str());
    ground.told.clear();
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
  CHECK(ground.book.says("announces victim.example:80, which its allow-public does not name"));
  CHECK(ground.book.says("no listener is sent there"));
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
  ground.turn();
  CHECK(node().state == NodeState::kDead);
  CHECK(ground.was_said("down edge1: closed the connection"));
}
TEST(NodeSession, AGoodbyeIsRemembered) {
  begin();
  gets(std::string(kHello) + kSnap + "{\"t\":\"BYE\",\"why\":\"restart\"}\n");
  CHECK(ground.was_said("down edge1: says goodbye: restart"));
  CHECK(ground.sessions().empty());
}
TEST(NodeSession, AnotherProcessWithTheSameIdIsRefused) {
  begin();
  gets(std::string(kHello) + kSnap);
  SocketPair copy;
  ground.add_node("edge1", copy.transport());
  copy.send("{\"t\":\"HELLO\",\"id\":\"edge1\",\"epoch\":\"other\"}\n");
  ground.turn();
  STRCMP_CONTAINS(
      "{\"t\":\"BYE\",\"why\":\"duplicate id: another process is connected as "
      "edge1\",\"code\":409}",
      copy.received().c_str());
  LONGS_EQUAL(1, ground.sessions().size());
  CHECK(node().state == NodeState::kUp);
  STRCMP_EQUAL("e1", node().epoch.c_str());
}
TEST(NodeSession, AnotherConnectionOfTheSameProcessTakesItsPlace) {
  begin();
  gets(std::string(kHello) + kSnap);
  SocketPair again;
  ground.add_node("edge1", again.transport());
  again.send(std::string(kHello) + kSnap);
  ground.turn();
  ground.sessions().front()->replaced();
  ground.turn();
  LONGS_EQUAL(1, ground.sessions().size());
  CHECK(node().state == NodeState::kUp);
}
TEST(NodeSession, DrainsAndComesBack) {
  begin();
  gets(std::string(kHello) + kSnap + "{\"t\":\"DRAIN\",\"mode\":\"soft\",\"why\":\"upgrade\"}\n");
  CHECK(node().state == NodeState::kDraining);
  CHECK(ground.was_said("drain edge1: upgrade"));
  gets("{\"t\":\"DRAIN\",\"mode\":\"off\"}\n");
  CHECK(node().state == NodeState::kUp);
}
TEST(NodeSession, AMessageIsInItsOwnName) {
  begin();
  gets(std::string(kHello) +
       "{\"t\":\"MSG\",\"topic\":\"x\",\"from\":\"edge1\",\"id\":\"1\",\"b\":\"\"}\n");
  CHECK(ground.was_said("node's message x of edge1"));
  gets("{\"t\":\"MSG\",\"topic\":\"x\",\"from\":\"edge2\",\"id\":\"1\",\"b\":\"\"}\n");
  ends_with("sent a MSG in the name of edge2");
}
TEST(NodeSession, TooManyMessagesEndIt) {
  begin();
  gets(kHello);
  for (unsigned i = 0; i <= NodeSession::kMostMessagesASecond; ++i)
    gets("{\"t\":\"MSG\",\"topic\":\"x\",\"from\":\"edge1\",\"id\":\"" + std::to_string(i) +
         "\",\"b\":\"\"}\n");
  ends_with("sent more than 100 MSG in a second");
}
TEST(NodeSession, AsksWhoHasAMount) {
  ground.offer_book.update({{"/a", "", 0, {"m1"}, 0}});
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
  for (int i = 1; i <= 5 && !ground.sessions().empty(); ++i) {
    const std::string line = snap(i);
    for (std::size_t at = 0; at < line.size(); at += 16'000) gets(line.substr(at, 16'000));
  }
  ends_with("says that it carries more than 20000 mounts");
}
TEST(NodeSession, ChangesAreToldAtOnce) {
  begin();
  gets(std::string(kHello) + kSnap);
  heard.clear();
  ground.sessions().front()->send_offers(
      ground.offer_book.update({{"/new.mp3", "audio/mpeg", 0, {"m1"}, 0}}));
  heard += pair.received();  // in the same turn
  STRCMP_EQUAL(
      "{\"t\":\"DELTA\",\"seq\":2,\"add\":[{\"m\":\"/new.mp3\",\"ct\":\"audio/"
      "mpeg\",\"from\":[\"m1\"]}]}\n",
      heard.c_str());
}

// Both ends are the product's, over TLS on 127.0.0.1.
TEST_GROUP(MasterSession) {
  LinkGround ground;
  std::shared_ptr<const ListenSocket> socket = link_socket();
  Resolver resolver{ground.loop()};
  std::unique_ptr<Transport> raw;  // the master's end, where the test is the master
  bool master_is_a_test = false;
  std::unique_ptr<LinkServer> server;
  std::unique_ptr<MasterSession> session;

  void setup() override {
    server = std::make_unique<LinkServer>(
        ground.loop(), ground.log(), socket,
        LinkServer::Doors{
            [this](std::string_view id) -> std::optional<std::string> {
              const KnownNode* node = ground.known.node(id);
              if (node == nullptr) return std::nullopt;
              return psk_from_secret(id, node->secret);
            },
            [this](std::string id, std::unique_ptr<Transport> transport, std::string leftover) {
              if (master_is_a_test)
                raw = std::move(transport);
              else
                ground.add_node(std::move(id), std::move(transport), std::move(leftover));
            }});
  }
  void teardown() override {
    session.reset();
    ground.sessions().clear();
    server.reset();
    ground.turn();
  }
  void begin(const std::string& secret = "s-edge1") {
    LinkPlan plan;
    plan.link.target = {"127.0.0.1", static_cast<std::uint16_t>(socket->port), true, ""};
    plan.link.id = "edge1";
    plan.link.secret = secret;
    plan.streams.host = "127.0.0.1";
    LinkClient::Doors doors;
    doors.user_agent = [] { return std::string("Test"); };
    session = std::make_unique<MasterSession>(ground, resolver, plan, std::move(doors));
    session->start();
  }
  bool linked() {
    return ground.until([this] { return session->linked(); });
  }
  const Node& node() const { return ground.table.node(ground.table.find("edge1")); }
  void says(const std::string& line) {
    iovec part{const_cast<char*>(line.data()), line.size()};
    raw->write_v({&part, 1}, false);
    raw->flush();
    ground.turn(5ms);
  }
  void begin_with_test_as_master(bool welcomed = true) {
    master_is_a_test = true;
    begin();
    CHECK(ground.until([this] { return raw != nullptr; }));
    if (!welcomed) return;
    says("{\"t\":\"WELCOME\",\"id\":\"m1\",\"epoch\":\"e\",\"ports\":{\"http\":8000}}\n");
    CHECK(session->linked());
  }
};

TEST(MasterSession, LinksAndTellsWhatItCarries) {
  ground.load_book.update({{"/a", 3, 128, true}}, {});
  ground.offer_book.update({{"/a", "audio/mpeg", 128, {"m1"}, 0}});
  begin();
  CHECK(linked());
  CHECK(ground.until(
      [this] { return node().last_report > SteadyTime{} && node().reported_listeners > 0; }));
  STRCMP_EQUAL("m1", session->master_id().c_str());
  CHECK(node().state == NodeState::kUp);
  LONGS_EQUAL(3, node().reported_listeners);
  LONGS_EQUAL(384, node().reported_kbps);
  LONGS_EQUAL(3, node().loop_ms);
  CHECK(node().counts_arrivals);
  CHECK(ground.until([this] { return session->streams().streams().contains("/a"); }));
  CHECK(ground.until([this] { return ground.was_said("streams"); }));
  LONGS_EQUAL(8000, session->streams_target()->port);
  CHECK(ground.until([this] { return session->round_trip() > 0us; }));
  CHECK(std::abs(session->clock_offset().count()) < 1000);
}
TEST(MasterSession, SendsOnlyWhatHasChanged) {
  ground.load_book.update({{"/a", 3, 128}, {"/b", 1, 128}}, {});
  begin();
  CHECK(linked());
  const bool urgent = ground.load_book.update({{"/a", 4, 128}}, {});
  CHECK(urgent);
  ground.turn(60ms);
  session->load_changed(urgent);
  CHECK(ground.until([this] { return ground.table.mount_listeners("/a") == 4; }));
  LONGS_EQUAL(4, node().reported_listeners);
  CHECK(ground.table.mount_listeners("/b") == 0);
}
TEST(MasterSession, AWrongSecretIsSaidAndTriedAgain) {
  begin("wrong");
  CHECK(ground.until([this] { return ground.book.says("is no node: as \"edge1\": TLS:"); }));
  CHECK(ground.until(
      [this] { return ground.book.says("tried again and again, the next time in 100ms"); }));
  CHECK_FALSE(session->linked());
}
TEST(MasterSession, ComesBackAtOnceWhenTheMasterHasGone) {
  begin();
  CHECK(linked());
  ground.sessions().front()->end("test");
  CHECK(ground.until([this] { return !session->linked(); }));
  const SteadyTime lost = ground.loop().now();
  CHECK(linked());
  CHECK(ground.loop().now() - lost < 1s);
}
TEST(MasterSession, WhoHasSaidGoodbyeDoesNotComeBack) {
  begin();
  CHECK(linked());
  session->say_goodbye({"shutdown", 0, 0ms});
  CHECK(ground.until([this] { return ground.sessions().empty(); }));
  CHECK(ground.was_said("down edge1: says goodbye: shutdown"));
  ground.turn(250ms);
  CHECK(ground.sessions().empty());
}
TEST(MasterSession, DrainsAgainAfterANewConnection) {
  ground.drain = DrainMode::kSoft;
  begin();
  CHECK(linked());
  CHECK(ground.until([this] { return node().state == NodeState::kDraining; }));
}
TEST(MasterSession, OrdersAreCarriedOutAndAnswered) {
  begin();
  CHECK(linked());
  CommandFrame command;
  command.number = 9;
  command.mount = "/a";
  ground.sessions().front()->send(command);
  CHECK(ground.until([this] { return ground.was_said("edge1 answers 9 done"); }));
  CHECK(ground.until([this] { return ground.was_said("order kick /a"); }));
}
TEST(MasterSession, MessagesGoBothWays) {
  begin();
  CHECK(linked());
  session->send(MessageFrame{"up", "edge1", "1", "x"});
  ground.sessions().front()->send(MessageFrame{"down", "m1", "1", "x"});
  CHECK(ground.until([this] {
    return ground.was_said("node's message up of edge1") && ground.was_said("message down of m1");
  }));
}
TEST(MasterSession, AsksAboutMounts) {
  begin();
  CHECK_FALSE(session->ask_who("/a"));
  CHECK(linked());
  CHECK(session->ask_who("/a"));
  CHECK(ground.until([this] { return ground.was_said("who /a no"); }));
}
TEST(MasterSession, AMasterThatIsThisServerItselfIsNone) {
  begin_with_test_as_master(false);
  says("{\"t\":\"WELCOME\",\"id\":\"edge1\",\"epoch\":\"e\"}\n");
  CHECK(ground.until([this] { return ground.book.says("it is called edge1 as we are"); }));
  CHECK_FALSE(session->linked());
}
TEST(MasterSession, WhatOnlyANodeMaySayEndsIt) {
  begin_with_test_as_master();
  says("{\"t\":\"LOAD\",\"seq\":1,\"at\":1,\"lis\":0,\"kbps\":0}\n");
  CHECK(ground.until(
      [this] { return ground.was_said("lost the master: it sent LOAD, which only a node may"); }));
}
TEST(MasterSession, WelcomeComesFirst) {
  begin_with_test_as_master(false);
  says("{\"t\":\"SNAP\",\"seq\":1}\n");
  CHECK(ground.until([this] { return ground.book.says("it sent SNAP before WELCOME"); }));
}
TEST(MasterSession, WelcomeComesOnce) {
  begin_with_test_as_master();
  says("{\"t\":\"PROVE\",\"ask\":\"a\",\"say\":\"b\"}\n");
  CHECK(ground.until([this] { return ground.was_said("proof a b"); }));
  says("{\"t\":\"WELCOME\",\"id\":\"m1\",\"epoch\":\"e\"}\n");
  CHECK(ground.until([this] { return ground.was_said("lost the master: it said WELCOME twice"); }));
}
TEST(MasterSession, ALostMasterIsNotBelievedToHaveLostItsStreams) {
  begin_with_test_as_master();
  says("{\"t\":\"SNAP\",\"seq\":1,\"mounts\":[{\"m\":\"/a\",\"from\":[\"m1\"]}]}\n");
  CHECK(session->streams().streams().contains("/a"));
  raw.reset();
  CHECK(ground.until([this] { return !session->linked(); }));
  CHECK_FALSE(session->forget_streams());
  CHECK(session->streams().streams().contains("/a"));
}
TEST(MasterSession, ADuplicateIsToldAndWaits) {
  begin_with_test_as_master(false);
  says("{\"t\":\"BYE\",\"why\":\"duplicate id\",\"code\":409}\n");
  CHECK(ground.until([this] { return ground.book.says("it says goodbye: duplicate id"); }));
  raw.reset();
  ground.turn(300ms);
  CHECK(raw == nullptr);
}
