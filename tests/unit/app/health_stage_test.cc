#include "app/endpoints/stages.h"
#include "app/request/asked_address.h"
#include "app/services/node_health.h"
#include "app/test_server.h"
#include "stream/mount/mount.h"

// Last, because it redefines `new`.
#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

TEST_GROUP(HealthStage) {
  TestServer server;
  NodeLoad measured() {
    return measure_load(*server.config(), server.services().counters,
                        *server.services().mounts.all());
  }
};

TEST(HealthStage, AServerThatServesSaysUp) {
  const Reply reply = server.start().get("/_lb/health");
  LONGS_EQUAL(200, reply.status);
  CHECK_EQUAL(std::string("application/json"), reply.header("Content-Type"));
  CHECK(reply.body.starts_with("{\"state\":\"up\",\"listeners\":0,"));
}
TEST(HealthStage, BeforeEverythingIsSetUpItSaysStarting) {
  server.make();
  const Reply reply = server.get("/_lb/health");
  LONGS_EQUAL(503, reply.status);
  CHECK_EQUAL(std::string("5"), reply.header("Retry-After"));
  CHECK(reply.has("\"starting\""));
}
TEST(HealthStage, WhileItDrainsItSaysHow) {
  server.start();
  DrainOrder order;
  order.mode = DrainMode::kMove;
  server.services().drainer->begin(order);
  const Reply reply = server.get("/_lb/health");
  LONGS_EQUAL(503, reply.status);
  CHECK(reply.has("\"draining\""));
  CHECK(reply.has("\"move\""));
}
TEST(HealthStage, AFullServerStillAnswers) {
  server.limits = "<clients>2</clients>";
  server.start();
  server.services().counters.clients.enter();
  server.services().counters.clients.enter();
  const Reply reply = server.get("/_lb/health");
  LONGS_EQUAL(503, reply.status);
  CHECK(reply.has("\"full\""));
  LONGS_EQUAL(0, server.refusals(Refusal::kClients));
  CHECK_EQUAL(200, server.get("/_lb/live").status);
}
TEST(HealthStage, AProbeTakesNoPlaceAndNoLineInTheAccessLog) {
  server.start();
  server.get("/_lb/health");
  server.get("/_lb/live");
  LONGS_EQUAL(0, server.services().counters.client_connections.load());
  server.get("/nothing");
  CHECK(server.until([this] { return server.accesses().find("/nothing") != std::string::npos; }));
  CHECK(server.accesses().find("_lb") == std::string::npos);
}
TEST(HealthStage, HeadHasTheStatusWithoutABody) {
  const Reply reply = server.start().head("/_lb/health");
  LONGS_EQUAL(200, reply.status);
  CHECK_EQUAL(std::string(""), reply.body);
  CHECK(reply.header("Content-Length") != "0");
}
TEST(HealthStage, LiveSaysThatTheLoopsTurn) {
  const Reply reply = server.start().get("/_lb/live");
  LONGS_EQUAL(200, reply.status);
  CHECK_EQUAL(std::string("alive\n"), reply.body);
}
TEST(HealthStage, ALoopThatHasNotTurnedForTenSecondsIsStuck) {
  server.start();
  server.clock.advance(11s);
  const Reply reply = server.get("/_lb/live");
  LONGS_EQUAL(503, reply.status);
  CHECK_EQUAL(std::string("stuck\n"), reply.body);
}
TEST(HealthStage, OtherPathsOfTheServersOwnAreNobodys) {
  CHECK_EQUAL(404, server.start().get("/_lb/other").status);
  CHECK_EQUAL(404, server.get("/_lb/").status);
}
TEST(HealthStage, WhatIsAServersOwn) {
  CHECK(is_own_path("/_lb/health"));
  CHECK(is_own_path("/_lb/x"));
  CHECK_FALSE(is_own_path("/_lb"));
  CHECK_FALSE(is_own_path("/live/_lb/"));
}

TEST(HealthStage, NodeHealthNamesTheSmallerOfTheTwoLimits) {
  server.limits = "<clients>100</clients><max-listeners>30</max-listeners>";
  server.start();
  LONGS_EQUAL(30, node_health(server.services()).most_listeners);
}
TEST(HealthStage, NodeHealthIsFullByTheScarcestOfItsLimits) {
  server.limits = "<clients>100</clients><max-listeners>2</max-listeners>";
  server.start();
  server.services().counters.listeners.enter();
  DOUBLES_EQUAL(0.5, node_health(server.services()).use, 1e-9);
  server.clock.advance(1s);
  server.services().counters.listeners.enter();
  CHECK(node_health(server.services()).condition == NodeCondition::kFull);
  CHECK_FALSE(node_health(server.services()).takes_listeners());
}

TEST(HealthStage, TheLoadIsCountedAnewFourTimesASecond) {
  server.start();
  LONGS_EQUAL(0, server.services().load.read().listeners);
  server.services().counters.listeners.enter();
  server.clock.advance(249ms);
  LONGS_EQUAL(0, server.services().load.read().listeners);
  server.clock.advance(1ms);
  LONGS_EQUAL(1, server.services().load.read().listeners);
}
TEST(HealthStage, TheLoadIsThatOfWhatIsScarcest) {
  NodeLoad load;
  load.clients = 10;
  load.clients_limit = 100;
  DOUBLES_EQUAL(0.1, load.use(), 1e-9);
  load.listeners = 3;
  load.listeners_limit = 4;
  DOUBLES_EQUAL(0.75, load.use(), 1e-9);
  load.bits_per_second = 900;
  load.bits_per_second_limit = 1000;
  DOUBLES_EQUAL(0.9, load.use(), 1e-9);
}
TEST(HealthStage, WhatIsNotLimitedIsNotInUse) {
  NodeLoad load;
  load.listeners = 1000;
  load.bits_per_second = 1'000'000;
  DOUBLES_EQUAL(0, load.use(), 1e-9);
}
TEST(HealthStage, OfTheServersAndTheClustersLimitTheSmallerCounts) {
  server.limits = "<max-listeners>50</max-listeners>";
  server.start("<cluster><capacity max-listeners=\"20\"/></cluster>");
  LONGS_EQUAL(20, measured().listeners_limit);
}
TEST(HealthStage, RelaysAreListenersButNoAudience) {
  auto source = server.start().source("/live");
  auto relay = server.open("/live", "User-Agent: Icecast 2.4.4\r\n");
  auto listener = server.open("/live");
  const NodeLoad load = measured();
  LONGS_EQUAL(2, load.listeners);
  LONGS_EQUAL(1, load.audience);
  LONGS_EQUAL(3, load.clients);
  LONGS_EQUAL(1, server.services().audience());
}
TEST(HealthStage, WhatListenersAreOwedIsTheirStreamsRate) {
  server.start("<cluster><capacity max-bandwidth=\"10M\"/></cluster>");
  auto source = server.source("/live");
  auto listener = server.open("/live"), another = server.open("/live");
  server.mount("/live")->bytes_per_second = 16000;
  const NodeLoad load = measured();
  LONGS_EQUAL(2 * 128000, load.bits_per_second);
  LONGS_EQUAL(10'000'000, load.bits_per_second_limit);
}
