// What waits for another server: lookups of mounts at masters, relays, direct calls, proofs, links.
#include "app/cluster/cluster_links.h"
#include "app/cluster/cluster_service.h"
#include "app/cluster/master_links.h"
#include "app/endpoints/stages.h"
#include "app/test_server.h"
#include "base/random.h"
#include "stub_http.h"

// Last, because it redefines `new`.
#include "admin/command/cluster_sight.h"
#include "admin/command/station.h"
#include "auth/guard/throttle.h"
#include "stream/mount/mount.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

namespace {

std::string relay_of(int port, const std::string& more = {}) {
  return "<relay><server>127.0.0.1</server><port>" + std::to_string(port) +
         "</port><mount>/live</mount>" + more + "</relay>";
}
std::string stream_of(unsigned frames) {
  return "HTTP/1.0 200 OK\r\nContent-Type: audio/mpeg\r\n\r\n" + mp3_frames(frames, 'u');
}
const std::string kOnDemand = "<on-demand>1</on-demand>";

}  // namespace

TEST_GROUP(Lookups) {
  StubHttp upstream{stream_of(40)};
  TestServer server;
  bool plays(const char* mount) {
    return server.until([&] {
      const auto found = server.mount(mount);
      return found && found->phase() == MountPhase::kRunning;
    });
  }
};

// -- relays
// ------------------------------------------------------------------------------------------

TEST(Lookups, ARelayPlaysWhatItsUpstreamPlays) {
  server.start(relay_of(upstream.port()));
  CHECK(plays("/live"));
  CHECK(server.mount("/live")->facts()->relayed);
  CHECK(server.until([this] { return server.mount("/live")->bytes_read > 0; }));
  auto listener = server.open("/live");
  CHECK(server.until([&] { return listener.reply().body.find("uuuu") != std::string::npos; }));
  LONGS_EQUAL(1, server.services().counters.source_relay_connections.load());
}
TEST(Lookups, ARelayMayGoAboveTheLimitOfSources) {
  server.limits = "<sources>1</sources>";
  auto source = server.start(relay_of(upstream.port())).source("/own");
  CHECK(plays("/live"));
}
TEST(Lookups, ARelayOnDemandWaitsForItsFirstListener) {
  server.start(relay_of(upstream.port(), kOnDemand));
  CHECK(server.mount("/live")->phase() == MountPhase::kIdle);
  LONGS_EQUAL(0, upstream.requests().size());
  auto listener = server.open("/live");
  CHECK(server.until([&] { return listener.reply().status == 200; }));
  CHECK_EQUAL(std::string("audio/mpeg"), listener.reply().header("Content-Type"));
}
TEST(Lookups, WhereTheRelaysUpstreamFailsTheListenerIsToldThatThereIsNoMount) {
  upstream.answer_with("HTTP/1.0 404 Not Found\r\n\r\n");
  server.start(relay_of(upstream.port(), kOnDemand));
  auto listener = server.open("/live");
  CHECK(server.until([&] { return listener.reply().status != 0; }));
  LONGS_EQUAL(404, listener.reply().status);
}
TEST(Lookups, HeadOfAnIdleRelayStartsNothing) {
  server.start(relay_of(upstream.port(), kOnDemand));
  server.head("/live");
  server.turn();
  CHECK(server.mount("/live")->phase() == MountPhase::kIdle);
  LONGS_EQUAL(0, upstream.requests().size());
}
TEST(Lookups, AReloadWithoutItEndsARelay) {
  server.start(relay_of(upstream.port()));
  CHECK(plays("/live"));
  server.write_config("");
  server.server().reload();
  CHECK(server.until([this] { return server.mount("/live") == nullptr; }));
}
TEST(Lookups, ASourceIsRefusedWhereAnotherServerMayHaveTheStream) {
  server.start(relay_of(upstream.port(), kOnDemand));
  auto refused = server.source("/live");
  LONGS_EQUAL(403, refused.reply().status);
}

// -- one listener that cannot be redirected
// -------------------------------------------------------------

TEST(Lookups, OneThatCannotBeRedirectedIsServedStraightFromTheUpstream) {
  server.start(relay_of(upstream.port(), kOnDemand) +
               "<max-redirect-slaves>-1</max-redirect-slaves>"
               "<redirect><host>edge.test</host><port>8100</port></redirect>"
               "<cluster><id>m1</id><balance><hold>0</hold></balance></cluster>");
  auto listener = server.open("/live", "User-Agent: ESP32\r\n");
  CHECK(server.until([&] { return listener.reply().body.find("uuuu") != std::string::npos; }));
  LONGS_EQUAL(200, listener.reply().status);
  LONGS_EQUAL(1, server.mount("/live")->direct());
  CHECK(server.mount("/live")->phase() == MountPhase::kIdle);
  CHECK(upstream.requests().at(0).find("X-LB-Relay: ") != std::string::npos);
}
TEST(Lookups, WithASecondOneTheRelayBegins) {
  server.start(relay_of(upstream.port(), kOnDemand) +
               "<max-redirect-slaves>-1</max-redirect-slaves>"
               "<redirect><host>edge.test</host><port>8100</port></redirect>"
               "<cluster><id>m1</id><balance><hold>0</hold></balance></cluster>");
  auto one = server.open("/live", "User-Agent: ESP32\r\n");
  CHECK(server.until([&] { return one.reply().status == 200; }));
  auto two = server.open("/live", "User-Agent: ESP32\r\n", "192.0.2.10");
  CHECK(server.until([&] { return two.reply().status == 200; }));
  CHECK(plays("/live"));
}

// -- two servers
// -----------------------------------------------------------------------------------------

TEST_GROUP(TwoServers) {
  TestServer master, node;

  // A node that reports to its master and pulls on demand.
  void start(const std::string& of_node = {}) {
    master.start_bound(
        "<max-redirect-slaves>-1</max-redirect-slaves>"
        "<cluster><id>m1</id><balance><hold>0</hold></balance>"
        "<node id=\"edge1\" secret=\"nodesecret\" allow-public=\"edge1.test:8100\"/></cluster>");
    node.turn_with(master);
    node.start(
        "<cluster><id>edge1</id><public-address>edge1.test:8100</public-address></cluster>"
        "<master><server>127.0.0.1</server><port>" +
        std::to_string(master.port()) +
        "</port><username>edge1</username><password>nodesecret</password>"
        "<interval>1</interval><on-demand>1</on-demand><redirect>1</redirect></master>" +
        of_node);
  }
  bool lists(const char* mount) {
    return node.until([&] { return node.mount(mount) != nullptr; });
  }
  NodeTable table() {
    return master.services().cluster->decider().with_table(
        [](const NodeTable& now) { return now.copy(); });
  }
  bool knows_the_node() {
    return node.until([this] { return table().find("edge1") != kNoNode; });
  }
};

TEST(TwoServers, ANodeHasItsMastersMountsOnDemand) {
  start();
  auto source = master.source("/live");
  CHECK(lists("/live"));
  CHECK(node.mount("/live")->phase() == MountPhase::kIdle);
  auto listener = node.open("/live");
  CHECK(node.until([&] { return listener.reply().status == 200; }));
  LONGS_EQUAL(1, master.mount("/live")->relays());
}
TEST(TwoServers, TheMasterKnowsItsNodeByItsReport) {
  start();
  CHECK(knows_the_node());
  const NodeTable now = table();
  const Node& edge = now.node(now.find("edge1"));
  CHECK(edge.kind == NodeKind::kLegacy);
  CHECK_EQUAL(std::string("edge1.test"), edge.addresses.at(0).host);
}
TEST(TwoServers, AListenerAtTheNodeForAMountThatHasJustBegunIsServed) {
  start();
  auto first = master.source("/first");
  CHECK(lists("/first"));
  auto source = master.source("/new.mp3");
  POINTERS_EQUAL(nullptr, node.mount("/new.mp3").get());
  auto listener = node.open("/new.mp3");
  CHECK(node.until([&] { return listener.reply().status != 0; }));
  LONGS_EQUAL(200, listener.reply().status);
}
TEST(TwoServers, ANodeThatDrainsTellsItsMaster) {
  start();
  auto source = master.source("/live");
  CHECK(knows_the_node());
  node.services().drainer->begin({});
  CHECK(node.until([this] {
    const NodeTable now = table();
    return now.node(now.find("edge1")).state == NodeState::kDraining;
  }));
}
TEST(TwoServers, AListenerAtANodeThatDrainsIsSentToTheMasterOnce) {
  start();
  auto source = master.source("/live");
  CHECK(lists("/live"));
  auto relayed = node.open("/live", "User-Agent: A\r\n");
  CHECK(node.until([&] { return relayed.reply().status == 200; }));
  node.services().drainer->begin({});
  auto listener = node.open("/live", "User-Agent: B\r\n");
  CHECK(node.until([&] { return listener.reply().status != 0; }));
  LONGS_EQUAL(302, listener.reply().status);
  CHECK(listener.reply()
            .header("Location")
            .starts_with("http://127.0.0.1:" + std::to_string(master.port()) + "/live"));
  auto again = node.open("/live", "User-Agent: B\r\n");
  CHECK(node.until([&] { return again.reply().status != 0; }));
  LONGS_EQUAL(503, again.reply().status);
}

// -- links
// -----------------------------------------------------------------------------------------------

TEST_GROUP(LinkStage) {
  TestServer server;
  static std::string ask(const std::string& lines) {
    return "GET /admin/cluster HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n"
           "Upgrade: lbedge-cluster/1\r\n" +
           lines + "\r\n";
  }
  void start() {
    server.paths = "<x-forwarded-for>192.0.2.9</x-forwarded-for>";
    server.start("<cluster><id>m1</id><node id=\"edge1\" secret=\"nodesecret\"/></cluster>");
  }
  // As behind a proxy that speaks TLS for us.
  const std::string tls = "X-Forwarded-For: 198.51.100.1\r\nX-Forwarded-Proto: https\r\n";
};

TEST(LinkStage, ALinkNeedsTls) {
  start();
  const Reply reply = server.ask(ask(basic("edge1:nodesecret")));
  LONGS_EQUAL(403, reply.status);
  CHECK(reply.has("A link needs TLS"));
}
TEST(LinkStage, ANodeWithItsSecretIsTakenIn) {
  start();
  auto node = server.client();
  node.say(ask(tls + basic("edge1:nodesecret")));
  CHECK(node.got().starts_with("HTTP/1.1 101 Switching Protocols\r\n"));
  CHECK_FALSE(node.finished());
  LONGS_EQUAL(0, server.services().counters.clients.inside());
}
TEST(LinkStage, AWrongSecretIs401AndThenAGuess) {
  start();
  CHECK_EQUAL(401, server.ask(ask(tls)).status);
  for (int i = 0; i < PasswordThrottle::kFree; ++i)
    CHECK_EQUAL(401, server.ask(ask(tls + basic("edge1:wrong"))).status);
  CHECK_EQUAL(429, server.ask(ask(tls + basic("edge1:wrong"))).status);
  auto node = server.client();
  CHECK(node.say(ask(tls + basic("edge1:nodesecret"))).got().starts_with("HTTP/1.1 101"));
}
TEST(LinkStage, TheAdministratorIsNoNode) {
  start();
  CHECK_EQUAL(401, server.ask(ask(tls + kAdminLogin)).status);
}
TEST(LinkStage, WithoutTheUpgradeItIsAPageOfTheAdministration) {
  start();
  CHECK(server.get("/admin/cluster", kAdminLogin).status != 101);
}
TEST(LinkStage, OfOneNodeOnlySoManyMayHaveSaidNothingYet) {
  start();
  std::vector<TestServer::Client> crowd;
  for (int i = 0; i < 6; ++i) {
    crowd.push_back(server.client());
    crowd.back().say(ask(tls + basic("edge1:nodesecret")));
  }
  CHECK_FALSE(crowd[3].finished());
  CHECK(crowd[4].finished());
  CHECK(crowd[5].finished());
  CHECK(server.says("4 connections wait for their HELLO; a new one is closed"));
}

TEST(LinkStage, AProofIsOnlyForWhoHasMasters) {
  start();
  CHECK_EQUAL(404, server.get("/_lb/proof?ask=x").status);
}

// -- a link
// ------------------------------------------------------------------------------------------------

TEST_GROUP(Linked) {
  TestServer master, node;

  // Below those that the kernel gives out: other tests that run now get none of them by chance.
  static int free_port() {
    ListenSettings settings;
    settings.bind_address = "127.0.0.1";
    Rng rng = Rng::from_entropy();
    for (int tries = 0; tries < 100; ++tries) {
      const int port = 15'000 + static_cast<int>(rng.below(15'000));
      if (ListenSocket::open(settings, static_cast<std::uint16_t>(port), false, 1)) return port;
    }
    return 0;
  }
  void start(const std::string& orders = "all") {
    const std::string port = std::to_string(free_port());
    node.start();
    master.start_bound("<cluster><id>m1</id><cluster-port>" + port +
                       "</cluster-port><node id=\"edge1\" secret=\"nodesecret\" "
                       "allow-public=\"127.0.0.1:1-65535\"/></cluster>");
    node.turn_with(master);
    node.write_config(
        "<cluster><id>edge1</id></cluster><master><server>127.0.0.1</server><port>" +
        std::to_string(master.port()) + "</port><cluster-port>" + port +
        "</cluster-port><username>edge1</username><password>nodesecret</password><orders>" +
        orders + "</orders></master>");
    node.server().reload();
    CHECK(node.until([this] { return node.services().links->masters().any_linked(); }));
  }
  ResultFrame order(CommandFrame command) {
    std::optional<ResultFrame> got;
    master.services().station->order("edge1", std::move(command),
                                     [&got](ResultFrame result) { got = std::move(result); });
    CHECK(node.until([&] { return got.has_value(); }));
    return *got;
  }
};

TEST(Linked, TheNodeHasEveryMountOfItsMaster) {
  start();
  auto source = master.source("/live");
  CHECK(node.until([this] { return node.mount("/live") != nullptr; }));
  CHECK(node.mount("/live")->phase() == MountPhase::kIdle);
  source.close();
  CHECK(node.until([this] {
    node.clock.advance(100ms);  // what is withdrawn stays for a moment
    return node.mount("/live") == nullptr;
  }));
}
TEST(Linked, AListenerForAMountThatNobodyKnowsIsTold404AtOnce) {
  start();
  auto listener = node.open("/none.mp3");
  CHECK(node.until([&] { return listener.reply().status != 0; }));
  LONGS_EQUAL(404, listener.reply().status);
}
TEST(Linked, BothSidesShowTheLink) {
  start();
  const auto of_node = node.services().links->rows(), of_master = master.services().links->rows();
  LONGS_EQUAL(1, of_node.size());
  CHECK(of_node[0].master && of_node[0].up);
  CHECK_EQUAL(std::string("m1"), of_node[0].id);
  CHECK_EQUAL(std::string("edge1"), of_master.at(0).id);
  CHECK_FALSE(of_master.at(0).master);
}
TEST(Linked, TheMasterMayOrderTheNodeToDrain) {
  start();
  CommandFrame drain;
  drain.verb = CommandFrame::Verb::kDrain;
  CHECK(order(drain).done);
  CHECK(node.services().drain.draining());
}
TEST(Linked, UnlessTheNodesConfigurationTakesNoOrders) {
  start("none");
  CommandFrame drain;
  drain.verb = CommandFrame::Verb::kDrain;
  const ResultFrame result = order(drain);
  CHECK_FALSE(result.done);
  CHECK(result.why.find("<orders>") != std::string::npos);
  CHECK_FALSE(node.services().drain.draining());
}
TEST(Linked, WhatIsPublishedAtTheMasterComesToTheNode) {
  start();
  CHECK(master.services().links->publish("news", "text").has_value());
  CHECK(node.until([this] { return !node.services().station->messages().empty(); }));
  CHECK_EQUAL(std::string("text"), node.services().station->messages()[0].message.bytes);
  CHECK_EQUAL(std::string("m1"), node.services().station->messages()[0].message.from);
}
TEST(Linked, OnlySoManyMessagesASecondArePublished) {
  start();
  int taken = 0;
  while (taken < 1000 && master.services().links->publish("news", "text")) ++taken;
  LONGS_EQUAL(50, taken);
}
TEST(Linked, AProofIsGivenToWhoAsksWhatAMasterHasAnnounced) {
  start();
  node.services().links->masters().remember_proof({"the question", "the answer"});
  CHECK_EQUAL(std::string("the answer\r\n"), node.get("/_lb/proof?ask=the%20question").body);
  CHECK_EQUAL(404, node.get("/_lb/proof?ask=another").status);
  CHECK_EQUAL(404, node.get("/_lb/proof").status);
}
TEST(Linked, AReloadWithoutTheNodeEndsItsLink) {
  start();
  master.write_config("<cluster><id>m1</id></cluster>");
  master.server().reload();
  CHECK(node.until([this] { return !node.services().links->masters().any_linked(); }));
}
