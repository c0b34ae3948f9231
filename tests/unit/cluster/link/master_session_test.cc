// A MasterSession: the node's end of a link, with a real NodeSession at the other.
#include <string>
#include <vector>

#include "cluster/link/fake_master_side.h"
#include "cluster/link/fake_node_side.h"
#include "cluster/link/link_server.h"
#include "cluster/link/master_record.h"
#include "cluster/whole_changes.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

// Both ends are the product's, over TLS on 127.0.0.1.
TEST_GROUP(MasterSession) {
  LinkBench bench;
  FakeMasterSide master{bench};
  FakeNodeSide node_side{bench};
  std::shared_ptr<const ListenSocket> socket = link_socket();
  Resolver resolver{bench.loop()};
  std::unique_ptr<Transport> raw;  // the master's end, where the test is the master
  bool master_is_a_test = false;
  std::unique_ptr<LinkServer> server;
  std::unique_ptr<MasterSession> session;

  void setup() override {
    server = std::make_unique<LinkServer>(
        bench.loop(), bench.log(), socket,
        LinkServer::Callbacks{
            [this](std::string_view id) -> std::optional<std::string> {
              const KnownNode* node = master.known.node(id);
              if (node == nullptr) return std::nullopt;
              return psk_from_secret(id, node->secret);
            },
            [this](std::string id, std::unique_ptr<Transport> transport, std::string leftover) {
              if (master_is_a_test)
                raw = std::move(transport);
              else
                master.add_node(std::move(id), std::move(transport), std::move(leftover));
            }});
  }
  void teardown() override {
    session.reset();
    master.sessions.clear();
    server.reset();
    bench.turn();
  }
  void begin(const std::string& secret = "s-edge1") {
    LinkPlan plan;
    plan.link.target = {"127.0.0.1", static_cast<std::uint16_t>(socket->port), true, ""};
    plan.link.id = "edge1";
    plan.link.secret = secret;
    plan.streams.host = "127.0.0.1";
    LinkClient::Callbacks callbacks;
    callbacks.user_agent = [] { return std::string("Test"); };
    session = std::make_unique<MasterSession>(node_side, resolver, plan, std::move(callbacks));
    session->start();
  }
  bool linked() {
    return bench.until([this] { return session->linked(); });
  }
  const Node& node() const { return master.table.node(master.table.find("edge1")); }
  void says(const std::string& line) {
    iovec part{const_cast<char*>(line.data()), line.size()};
    raw->write_v({&part, 1}, false);
    raw->flush();
    bench.turn(5ms);
  }
  void begin_with_test_as_master(bool welcomed = true) {
    master_is_a_test = true;
    begin();
    CHECK(bench.until([this] { return raw != nullptr; }));
    if (!welcomed) return;
    says("{\"t\":\"WELCOME\",\"id\":\"m1\",\"epoch\":\"e\",\"ports\":{\"http\":8000}}\n");
    CHECK(session->linked());
  }
};

TEST(MasterSession, LinksAndTellsWhatItCarries) {
  set_all(node_side.load_changes, {{"/a", 3, 128, true}}, {});
  master.offer({"/a", "audio/mpeg", 128, {"m1"}, 0});
  begin();
  CHECK(linked());
  CHECK(bench.until(
      [this] { return node().last_report > SteadyTime{} && node().reported_listeners > 0; }));
  STRCMP_EQUAL("m1", session->master_id().c_str());
  CHECK(node().state == NodeState::kUp);
  LONGS_EQUAL(3, node().reported_listeners);
  LONGS_EQUAL(384, node().reported_kbps);
  LONGS_EQUAL(3, node().loop_ms);
  CHECK(node().counts_arrivals);
  CHECK(bench.until([this] { return session->streams().streams().contains("/a"); }));
  CHECK(bench.until([this] { return bench.was_reported("streams"); }));
  LONGS_EQUAL(8000, session->streams_target()->port);
  CHECK(bench.until([this] { return session->round_trip() > 0us; }));
  CHECK(std::abs(session->clock_offset().count()) < 1000);
}
TEST(MasterSession, ConfirmsNoArrivalBeforeItsListenersAreCounted) {
  set_all(node_side.load_changes, {{"/a", 3, 128, true}}, {});
  node_side.load_changes.counted({{"m1", 70}});
  begin();
  CHECK(linked());
  CHECK(bench.until([this] { return node().arrivals.has_value(); }));
  CHECK(node().arrivals == 70);  // of 77
  CHECK(set_all(node_side.load_changes, {{"/a", 10, 128, true}, {"/b", 0, 128, true}}, {}));
  node_side.load_changes.counted({{"m1", 77}});
  session->load_changed(true);
  CHECK(bench.until([this] { return node().reported_listeners == 10; }));
  CHECK(node().arrivals == 77);
}
TEST(MasterSession, ASecondLinkOfTheSameRunTellsWhatHasChanged) {
  master.offer({"/a", "audio/mpeg", 128, {"m1"}, 0});
  begin();
  CHECK(linked());
  CHECK(bench.until([this] { return session->streams().streams().contains("/a"); }));
  session->describe_again();
  bench.turn(50ms);
  LONGS_EQUAL(500, node().capacity.listeners);
  LONGS_EQUAL(1, std::count(bench.reported.begin(), bench.reported.end(), "joined edge1"));
  node_side.capacity = 7;
  session->describe_again();
  CHECK(bench.until([this] { return node().capacity.listeners == 7; }));
  CHECK(bench.until([this] { return master.sessions.size() == 1 && session->linked(); }));
  CHECK(bench.until([this] { return node().state == NodeState::kUp; }));
  CHECK(session->streams().streams().at("/a").state == OfferState::kOffered);
  CHECK(bench.all_reported().find("lost the master") == std::string::npos);
}
TEST(MasterSession, AnAttemptUnderWayIsNotCutByFurtherNews) {
  begin();
  CHECK(linked());
  for (unsigned listeners = 7; listeners < 13; ++listeners) {
    node_side.capacity = listeners;
    session->describe_again();
    bench.turn(1ms);
  }
  CHECK(bench.until([this] { return master.sessions.size() == 1 && session->linked(); }));
  CHECK(bench.until([this] { return node().state == NodeState::kUp; }));
  CHECK(node().capacity.listeners >= 7);
  CHECK(bench.all_reported().find("closed the connection") == std::string::npos);
}
TEST(MasterSession, TheWelcomeNamesTheMastersProcessAndItsClock) {
  begin_with_test_as_master(false);
  STRCMP_EQUAL("", session->master_mark().c_str());
  const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
      system_clock().wall().time_since_epoch());
  says("{\"t\":\"WELCOME\",\"id\":\"m1\",\"epoch\":\"77e0\",\"now\":" +
       std::to_string(now.count() - 3'600'000) + "}\n");
  CHECK(session->linked());
  STRCMP_EQUAL("m1.77e0", session->master_mark().c_str());
  CHECK(std::abs(session->clock_offset().count() + 3'600'000) < 5000);
  raw.reset();
  CHECK(bench.until([this] { return !session->linked(); }));
  STRCMP_EQUAL("m1.77e0", session->master_mark().c_str());  // its streams may still be asked for
}
TEST(MasterSession, TheNextProcessKnowsWhatTheMasterOffers) {
  master.offer({"/a", "audio/mpeg", 128, {"m1"}, 0});
  master.offer({"/b", "audio/mpeg", 64, {"m1"}, 0});
  begin();
  CHECK(linked());
  CHECK(bench.until([this] { return session->streams().streams().size() == 2; }));
  const MasterRecord saved = session->save();
  session.reset();
  begin();
  const auto restored = session->restore(saved);
  CHECK_TEXT(restored.has_value(), restored ? "" : restored.error().what.c_str());
  STRCMP_EQUAL("m1", session->master_id().c_str());
  CHECK(session->streams().streams().contains("/a"));
  CHECK(session->streams().streams().contains("/b"));
}

TEST(MasterSession, TheNextProcessKnowsAWithdrawnStreamThatFlows) {
  const auto state = [this] { return session->streams().streams().at("/a").state; };
  node_side.flowing = {"/a"};
  master.offer({"/a", "audio/mpeg", 128, {"m1"}, 0});
  begin();
  CHECK(bench.until([this] { return session->streams().streams().contains("/a"); }));
  master.offered.set_own({"/a", false, ""}, std::nullopt);
  for (const auto& each : master.sessions) each->send_offers();
  CHECK(bench.until([&] { return state() == OfferState::kWithdrawn; }));
  const MasterRecord saved = session->save();
  session.reset();
  begin();
  CHECK(session->restore(saved).has_value());
  CHECK(session->streams().streams().contains("/a"));
  CHECK(bench.until([&] { return state() == OfferState::kWithdrawn; }));
  bench.turn(300ms);  // longer than kGrace
  session->forget_streams();
  CHECK(session->streams().streams().contains("/a"));
  node_side.flowing.clear();
  session->forget_streams();
  CHECK_FALSE(session->streams().streams().contains("/a"));
}

TEST(MasterSession, SendsOnlyWhatHasChanged) {
  set_all(node_side.load_changes, {{"/a", 3, 128}, {"/b", 1, 128}}, {});
  begin();
  CHECK(linked());
  const bool urgent = set_all(node_side.load_changes, {{"/a", 4, 128}}, {});
  CHECK(urgent);
  bench.turn(60ms);
  session->load_changed(urgent);
  CHECK(bench.until([this] { return master.table.mount_listeners("/a") == 4; }));
  LONGS_EQUAL(4, node().reported_listeners);
  CHECK(master.table.mount_listeners("/b") == 0);
}
TEST(MasterSession, AListenerMoreIsToldHalfAPeriodAfterTheLastOne) {
  set_all(node_side.load_changes, {{"/a", 3, 128}}, {});
  begin();
  CHECK(linked());
  CHECK(bench.until([this] { return node().reported_listeners == 3; }));
  CHECK_FALSE(set_all(node_side.load_changes, {{"/a", 4, 128}}, {}));
  bench.turn(110ms);
  session->load_changed(false);
  CHECK(bench.until([this] { return node().reported_listeners == 4; }));
}
TEST(MasterSession, AWrongSecretIsSaidAndTriedAgain) {
  begin("wrong");
  CHECK(bench.until([this] {
    return bench.captured.says("its secret is not that of <node id=\"edge1\"> here (1 time; TLS:");
  }));
  CHECK(bench.until([this] { return bench.captured.says("retrying, the next time in 100ms"); }));
  CHECK_FALSE(session->linked());
}
TEST(MasterSession, ComesBackAtOnceWhenTheMasterHasGone) {
  begin();
  CHECK(linked());
  master.sessions.front()->end("test");
  CHECK(bench.until([this] { return !session->linked(); }));
  const SteadyTime lost = bench.loop().now();
  CHECK(linked());
  CHECK(bench.loop().now() - lost < 1s);
}
TEST(MasterSession, WhoHasSaidGoodbyeDoesNotComeBack) {
  begin();
  CHECK(linked());
  session->send_bye({"shutdown", 0, 0ms});
  CHECK(bench.until([this] { return master.sessions.empty(); }));
  CHECK(bench.was_reported("down edge1: says goodbye: shutdown"));
  bench.turn(250ms);
  CHECK(master.sessions.empty());
}
TEST(MasterSession, DrainsAgainAfterANewConnection) {
  node_side.drain = DrainMode::kSoft;
  begin();
  CHECK(linked());
  CHECK(bench.until([this] { return node().state == NodeState::kDraining; }));
}
TEST(MasterSession, OrdersAreCarriedOutAndAnswered) {
  begin();
  CHECK(linked());
  CommandFrame command;
  command.number = 9;
  command.mount = "/a";
  master.sessions.front()->send(command);
  CHECK(bench.until([this] { return bench.was_reported("edge1 answers 9 done"); }));
  CHECK(bench.until([this] { return bench.was_reported("order kick /a"); }));
}
TEST(MasterSession, MessagesGoBothWays) {
  begin();
  CHECK(linked());
  session->send(MessageFrame{"up", "edge1", "1", "x"});
  master.sessions.front()->send(MessageFrame{"down", "m1", "1", "x"});
  CHECK(bench.until([this] {
    return bench.was_reported("node's message up of edge1") &&
           bench.was_reported("message down of m1");
  }));
}
TEST(MasterSession, AsksAboutMounts) {
  begin();
  CHECK_FALSE(session->lookup_mount("/a"));
  CHECK(linked());
  CHECK(session->lookup_mount("/a"));
  CHECK(bench.until([this] { return bench.was_reported("who /a no"); }));
}
TEST(MasterSession, AMasterThatIsThisServerItselfIsNone) {
  begin_with_test_as_master(false);
  says("{\"t\":\"WELCOME\",\"id\":\"edge1\",\"epoch\":\"e\"}\n");
  CHECK(bench.until([this] { return bench.captured.says("it is called edge1 as we are"); }));
  CHECK_FALSE(session->linked());
}
TEST(MasterSession, WhatOnlyANodeMaySayEndsIt) {
  begin_with_test_as_master();
  says("{\"t\":\"LOAD\",\"seq\":1,\"at\":1,\"lis\":0,\"kbps\":0}\n");
  CHECK(bench.until([this] {
    return bench.was_reported("lost the master: it sent LOAD, which only a node may");
  }));
}
TEST(MasterSession, WelcomeComesFirst) {
  begin_with_test_as_master(false);
  says("{\"t\":\"SNAP\",\"seq\":1}\n");
  CHECK(bench.until([this] { return bench.captured.says("it sent SNAP before WELCOME"); }));
}
TEST(MasterSession, WelcomeComesOnce) {
  begin_with_test_as_master();
  says("{\"t\":\"PROVE\",\"ask\":\"a\",\"say\":\"b\"}\n");
  CHECK(bench.until([this] { return bench.was_reported("proof a b"); }));
  says("{\"t\":\"WELCOME\",\"id\":\"m1\",\"epoch\":\"e\"}\n");
  CHECK(
      bench.until([this] { return bench.was_reported("lost the master: it said WELCOME twice"); }));
}
TEST(MasterSession, ALostMasterIsNotBelievedToHaveLostItsStreams) {
  begin_with_test_as_master();
  says("{\"t\":\"SNAP\",\"seq\":1,\"mounts\":[{\"m\":\"/a\",\"from\":[\"m1\"]}]}\n");
  CHECK(session->streams().streams().contains("/a"));
  raw.reset();
  CHECK(bench.until([this] { return !session->linked(); }));
  session->forget_streams();
  CHECK(session->streams().streams().contains("/a"));
}
TEST(MasterSession, ADuplicateIsToldAndWaits) {
  begin_with_test_as_master(false);
  says("{\"t\":\"BYE\",\"why\":\"duplicate id\",\"code\":409}\n");
  CHECK(bench.until([this] { return bench.captured.says("it says goodbye: duplicate id"); }));
  raw.reset();
  bench.turn(300ms);
  CHECK(raw == nullptr);
}
