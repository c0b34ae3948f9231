#include "app/endpoints/stages.h"
#include "app/test_server.h"

// Last, because it redefines `new`.
#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;

namespace {

Request request_of(Method method, const std::string& path) {
  Request request;
  request.method = method;
  request.path = path;
  return request;
}

}  // namespace

TEST_GROUP(RequestStages) { TestServer server; };

TEST(RequestStages, OptionsOfAStarKeepsTheConnectionForTheNextRequest) {
  auto client = server.start().client();
  const Reply reply = client.say("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n").reply();
  LONGS_EQUAL(200, reply.status);
  CHECK_EQUAL(std::string("0"), reply.header("Content-Length"));
  CHECK_EQUAL(std::string("(none)"), reply.header("Allow"));
  CHECK(!client.finished());
  CHECK(client.say("GET /nothing HTTP/1.0\r\n\r\n").reply().has("404"));
}
TEST(RequestStages, OptionsOfAPathTellsWhatOtherSitesMayAsk) {
  const Reply reply = server.start().ask("OPTIONS /live HTTP/1.1\r\nOrigin: http://x\r\n\r\n");
  LONGS_EQUAL(204, reply.status);
  CHECK_EQUAL(std::string("*"), reply.header("Access-Control-Allow-Origin"));
  CHECK_EQUAL(std::string("(none)"), reply.header("Access-Control-Allow-Private-Network"));
}
TEST(RequestStages, OptionsAnswersTheQuestionForAPrivateNetwork) {
  const Reply reply = server.start().ask(
      "OPTIONS /live HTTP/1.1\r\nOrigin: http://x\r\n"
      "Access-Control-Request-Private-Network: true\r\n\r\n");
  CHECK_EQUAL(std::string("true"), reply.header("Access-Control-Allow-Private-Network"));
}
TEST(RequestStages, OptionsOfTheAdministrationAllowsNothing) {
  const Reply reply =
      server.start().ask("OPTIONS /admin/stats HTTP/1.1\r\nOrigin: http://x\r\n\r\n");
  LONGS_EQUAL(204, reply.status);
  CHECK_EQUAL(std::string("(none)"), reply.header("Access-Control-Allow-Origin"));
}
TEST(RequestStages, OtherSitesMayReadStreamsAndPagesOnly) {
  CHECK(is_for_other_sites(request_of(Method::kGet, "/live.mp3")));
  CHECK(is_for_other_sites(request_of(Method::kHead, "/status-json.xsl")));
  for (const char* path :
       {"*", "/metrics", "/admin", "/admin/", "/admin/stats", "/admin.cgi", "/_lb/health"})
    CHECK_FALSE(is_for_other_sites(request_of(Method::kGet, path)));
  for (const Method method : {Method::kPost, Method::kPut, Method::kSource, Method::kStats})
    CHECK_FALSE(is_for_other_sites(request_of(method, "/live.mp3")));
}

TEST(RequestStages, ClientsAboveTheLimitAreRefusedAndCounted) {
  server.limits = "<clients>1</clients>";
  auto source = server.start().source("/live");
  const Reply reply = server.get("/style.css");
  LONGS_EQUAL(403, reply.status);
  CHECK(reply.has("connection limit reached"));
  LONGS_EQUAL(1, server.refusals(Refusal::kClients));
  CHECK(server.says("client limit reached: 1 (limits/clients); 192.0.2.9 was refused"));
}
TEST(RequestStages, SourcesGoAboveTheLimitOfClientsByTheirOwn) {
  server.limits = "<clients>1</clients><sources>1</sources>";
  server.start();
  auto held = server.services().counters.clients.try_enter(1);
  CHECK(held);
  CHECK_EQUAL(403, server.get("/").status);
  CHECK_EQUAL(200, server.source("/live").reply().status);
}
TEST(RequestStages, TheAdministratorHasFourPlacesMore) {
  server.limits = "<clients>1</clients>";
  server.start();
  Gate& clients = server.services().counters.clients;
  for (int i = 0; i < 4; ++i) clients.enter();
  CHECK_EQUAL(403, server.get("/").status);
  CHECK_EQUAL(200, server.get("/admin/stats", kAdminLogin).status);
  clients.enter();
  CHECK_EQUAL(403, server.get("/admin/stats", kAdminLogin).status);
}
TEST(RequestStages, AClientsPlaceIsFreeWhenItHasGone) {
  server.start();
  server.get("/nothing");
  LONGS_EQUAL(0, server.services().counters.clients.inside());
}
TEST(RequestStages, OnlyGetsCountAsClientConnections) {
  server.start();
  server.get("/nothing");
  server.head("/nothing");
  LONGS_EQUAL(1, server.services().counters.client_connections.load());
  LONGS_EQUAL(2, server.services().counters.connections.load());
}

TEST(RequestStages, AFormIsNoRequestForAMount) {
  const Reply reply = server.start().ask(
      "POST /live HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 0\r\n\r\n");
  LONGS_EQUAL(400, reply.status);
  CHECK(reply.has("unknown request"));
}
TEST(RequestStages, AnAliasLeadsToAnotherPathOnce) {
  server.paths =
      "<alias source=\"/a\" destination=\"/b\"/><alias source=\"/b\" destination=\"/c\"/>";
  server.start();
  server.put_web("b", "this is b");
  server.put_web("c", "this is c");
  CHECK_EQUAL(std::string("this is b"), server.get("/a").body);
  CHECK_EQUAL(std::string("this is c"), server.get("/b").body);
}
TEST(RequestStages, AnAliasOfAnotherPortOrAddressIsNotTaken) {
  server.paths =
      "<alias source=\"/a\" destination=\"/b\" port=\"8001\"/>"
      "<alias source=\"/c\" destination=\"/b\" bind-address=\"192.0.2.1\"/>";
  server.start();
  server.put_web("b", "this is b");
  server.socket->port = 8000;
  CHECK_EQUAL(404, server.get("/a").status);
  CHECK_EQUAL(404, server.get("/c").status);
  server.socket->port = 8001;
  server.socket->settings.bind_address = "192.0.2.1";
  CHECK_EQUAL(std::string("this is b"), server.get("/a").body);
  CHECK_EQUAL(std::string("this is b"), server.get("/c").body);
}
TEST(RequestStages, AnAliasMayLeadToAMount) {
  server.paths = "<alias source=\"/a\" destination=\"/live\"/>";
  auto source = server.start().source("/live");
  CHECK_EQUAL(std::string("audio/mpeg"), server.open("/a").reply().header("Content-Type"));
}
TEST(RequestStages, TheRootIsTheStatusPage) {
  const Reply reply = server.start().get("/");
  LONGS_EQUAL(200, reply.status);
  CHECK_EQUAL(std::string("text/html; charset=UTF-8"), reply.header("Content-Type"));
}
TEST(RequestStages, TheRootIsIndexHtmlWhereThereIsOne) {
  server.start();
  server.put_web("index.html", "my own page");
  CHECK_EQUAL(std::string("my own page"), server.get("/").body);
}
TEST(RequestStages, AdminWithoutASlashLeadsToItsPages) {
  const Reply reply = server.start().get("/admin");
  LONGS_EQUAL(302, reply.status);
  CHECK_EQUAL(std::string("/admin/"), reply.header("Location"));
}

TEST(RequestStages, WhileTheNodeDrainsAListenerIsTurnedAwayBeforeAnyPassword) {
  server.start(
      "<mount><mount-name>/live</mount-name><authentication type=\"htpasswd\">"
      "<option name=\"filename\" value=\"/nonexistent\"/></authentication></mount>");
  auto source = server.source("/live");
  server.services().drainer->begin({});
  const Reply reply = server.get("/live");
  LONGS_EQUAL(503, reply.status);
  CHECK_EQUAL(std::string("10"), reply.header("Retry-After"));
  LONGS_EQUAL(1, server.refusals(Refusal::kDraining));
}
TEST(RequestStages, WhileTheNodeDrainsPagesAndServersThatRelayAreServed) {
  auto source = server.start().source("/live");
  server.services().drainer->begin({});
  CHECK_EQUAL(200, server.get("/style.css").status);
  CHECK_EQUAL(200, server.get("/status-json.xsl").status);
  auto relay = server.open("/live", "User-Agent: Icecast 2.4.4\r\n");
  CHECK_EQUAL(200, relay.reply().status);
}
TEST(RequestStages, WhileTheNodeDrainsHeadIsRefusedToo) {
  auto source = server.start().source("/live");
  server.services().drainer->begin({});
  CHECK_EQUAL(503, server.head("/live").status);
}
