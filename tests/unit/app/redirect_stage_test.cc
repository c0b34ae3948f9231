#include "app/cluster/cluster_service.h"
#include "app/join/stages.h"
#include "app/test_server.h"
#include "app/topology/cluster_facts.h"
#include "cluster/balance/redirect_token.h"

// Last, because it redefines `new`.
#include "auth/guard/throttle.h"
#include "stream/mount/mount.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

namespace {

// A master that keeps nobody: everything is sent to edge.test.
const std::string kMaster =
    "<max-redirect-slaves>-1</max-redirect-slaves>"
    "<redirect><host>edge.test</host><port>8100</port></redirect>"
    "<cluster><id>m1</id><capacity self-weight=\"0\"/><balance><hold>0</hold></balance></cluster>";
// The same as edge1, with keys.
std::string master_with_keys() {
  std::string master = kMaster;
  master.replace(master.find("m1"), 2, "edge1");
  return master.insert(master.find("</cluster>"), "<token keys=\"thekey\"/>");
}
// A node that lets in by tokens.
std::string edge(const std::string& require) {
  return "<cluster><id>edge1</id><token keys=\"thekey\" require=\"" + require + "\"/></cluster>";
}

}  // namespace

TEST_GROUP(RedirectStage) {
  TestServer server;

  std::string token(const std::string& mount = "/live", const std::string& key = "thekey",
                    std::uint8_t hops = RedirectToken::kOfRedirect) {
    return TokenKeys(key).sign("edge1", mount, token_tag("m1"), server.clock.wall(), hops);
  }
  std::uint64_t arrivals() { return server.services().cluster->arrivals("m1"); }
};

TEST(RedirectStage, AListenerIsSentToTheNodeThatTheBalancerChooses) {
  auto source = server.start(kMaster).source("/live");
  const Reply reply = server.get("/live?x=1");
  LONGS_EQUAL(302, reply.status);
  CHECK_EQUAL(std::string("http://edge.test:8100/live?x=1"), reply.header("Location"));
  CHECK_EQUAL(std::string("*"), reply.header("Access-Control-Allow-Origin"));
  LONGS_EQUAL(0, server.mount("/live")->listeners());
}
TEST(RedirectStage, WithoutRedirectingEverybodyIsServedHere) {
  auto source = server.start().source("/live");
  CHECK_FALSE(server.services().cluster->redirects());
  CHECK_EQUAL(200, server.open("/live").reply().status);
}
TEST(RedirectStage, WhatIsNoMountIsNotRedirected) {
  server.start(kMaster);
  CHECK_EQUAL(404, server.get("/nothing").status);
  CHECK_EQUAL(200, server.get("/status-json.xsl").status);
}
TEST(RedirectStage, HeadAndSafarisQuestionAreAnsweredHere) {
  auto source = server.start(kMaster).source("/live");
  CHECK_EQUAL(200, server.head("/live").status);
  CHECK_EQUAL(206,
              server.get("/live", "Range: bytes=0-1\r\nUser-Agent: Mozilla Safari/6\r\n").status);
}
TEST(RedirectStage, ServersThatRelayAreServedHere) {
  auto source = server.start(kMaster).source("/live");
  for (const std::string& lines :
       {std::string("User-Agent: Icecast 2.4.4\r\n"), basic("relay:relaypass"), kAdminLogin,
        std::string("X-LB-Relay: e1.0a0a0a0a\r\n")})
    CHECK_EQUAL(200, server.open("/live", lines).reply().status);
  CHECK_EQUAL(302, server.get("/live", basic("somebody:x")).status);
}
TEST(RedirectStage, AWrongPasswordOfOursIsAGuessHereToo) {
  auto source = server.start(kMaster).source("/live");
  for (int i = 0; i < PasswordThrottle::kFree; ++i)  // a player each: none comes back
    CHECK_EQUAL(
        302,
        server.get("/live", basic("admin:wrong") + "User-Agent: P" + std::to_string(i) + "\r\n")
            .status);
  CHECK_EQUAL(429, server.get("/live", basic("admin:wrong")).status);
  CHECK_EQUAL(302, server.get("/live", basic("somebody:wrong")).status);
}
TEST(RedirectStage, PlayersThatKnowNoRedirectAreServedHere) {
  auto source = server.start(kMaster).source("/live");
  auto old = server.client();
  CHECK_EQUAL(200, old.say("GET /live HTTP/1.0\r\n\r\n").reply().status);
  CHECK_EQUAL(200, server.open("/live", "User-Agent: ESP32\r\n").reply().status);
}
TEST(RedirectStage, ARelayWhoseRequestHasBeenHereIsACircle) {
  auto source = server.start(kMaster).source("/live");
  const std::string mark = server.services().cluster->facts()->mark;
  const Reply reply =
      server.get("/live", "X-LB-Relay: e1.0a0a0a0a\r\nVia: 1.1 " + mark + ", 1.1 e1.0a0a0a0a\r\n");
  LONGS_EQUAL(508, reply.status);
}
TEST(RedirectStage, AMountThatIsNoneIsNotRedirected) {
  server.start(kMaster + "<mount><mount-name>/live</mount-name><no-mount>1</no-mount></mount>");
  auto source = server.source("/live");
  CHECK_EQUAL(403, server.get("/live").status);
}
TEST(RedirectStage, WhereNoNodeHasRoomItIs503) {
  server.start(
      "<max-redirect-slaves>-1</max-redirect-slaves>"
      "<cluster><id>m1</id><capacity self-weight=\"0\" max-listeners=\"1\"/>"
      "<balance><hold>0</hold><retry-after>7</retry-after></balance></cluster>");
  auto source = server.source("/live");
  std::vector<TestServer::Client> here;
  Reply last("");
  for (int i = 0; i < 5 && last.status != 503; ++i) {
    here.push_back(server.open("/live", "", "192.0.2." + std::to_string(20 + i)));
    server.clock.advance(1s);
    last = here.back().reply();
  }
  LONGS_EQUAL(503, last.status);
  CHECK_EQUAL(std::string("cluster-full"), last.header("X-Reason"));
  CHECK(parse_u64(last.header("Retry-After")).value_or(0) >= 7);
}

// -- tokens
// ----------------------------------------------------------------------------------------

TEST(RedirectStage, AValidTokenListensAndConfirmsItsRedirectOnce) {
  auto source = server.start(edge("hard")).source("/live");
  CHECK_EQUAL(200, server.open("/live?lb=" + token()).reply().status);
  LONGS_EQUAL(1, arrivals());
}
TEST(RedirectStage, WhereTokensAreRequiredNobodyListensWithoutOne) {
  auto source = server.start(edge("hard")).source("/live");
  const Reply reply = server.get("/live");
  LONGS_EQUAL(403, reply.status);
  CHECK(reply.has("Please ask the first server again"));
  CHECK_EQUAL(403, server.get("/live?lb=" + token("/live", "another")).status);
  CHECK_EQUAL(403, server.get("/live?lb=" + token("/other")).status);
  LONGS_EQUAL(0, arrivals());
}
TEST(RedirectStage, ATokenIsGoodForAMinute) {
  auto source = server.start(edge("hard")).source("/live");
  const std::string made = token();
  server.clock.advance(RedirectToken::kLifetime);
  CHECK_EQUAL(200, server.open("/live?lb=" + made).reply().status);
  server.clock.advance(RedirectToken::kSkew + 2s);
  CHECK_EQUAL(403, server.get("/live?lb=" + made).status);
}
TEST(RedirectStage, ATokenIsJudgedByTheClockOfItsMaster) {
  auto source = server.start(edge("hard")).source("/live");
  const std::string made = token();
  server.clock.advance(10min);
  CHECK_EQUAL(403, server.get("/live?lb=" + made).status);
  server.services().cluster->set_master_clock("m1", -10min);
  CHECK_EQUAL(200, server.open("/live?lb=" + made).reply().status);
}
TEST(RedirectStage, ATokenIsTakenOutOfTheRequestForAllWhoComeAfter) {
  auto source = server.start(master_with_keys()).source("/live");
  const std::string old = token();
  server.clock.advance(2min);
  const Reply reply = server.get("/live?a=b&lb=" + old);
  CHECK_EQUAL(std::string("http://edge.test:8100/live?a=b"), reply.header("Location"));
}
TEST(RedirectStage, WhatIsNoTokenStaysInTheQuery) {
  auto source = server.start(kMaster).source("/live");
  CHECK_EQUAL(std::string("http://edge.test:8100/live?lb=short"),
              server.get("/live?lb=short").header("Location"));
}
TEST(RedirectStage, ATokenOfAListLetsInButConfirmsNothing) {
  auto source = server.start(edge("hard")).source("/live");
  CHECK_EQUAL(
      200,
      server.open("/live?lb=" + token("/live", "thekey", RedirectToken::kOfList)).reply().status);
  LONGS_EQUAL(0, arrivals());
}
TEST(RedirectStage, AServerThatRelaysNeedsNoToken) {
  auto source = server.start(edge("hard")).source("/live");
  CHECK_EQUAL(200, server.open("/live", "User-Agent: Icecast 2.4.4\r\n").reply().status);
}
TEST(RedirectStage, OfAMasterAListenerWithAValidTokenIsNotRedirectedAgain) {
  auto source = server.start(master_with_keys()).source("/live");
  CHECK_EQUAL(302, server.get("/live").status);
  CHECK_EQUAL(200, server.open("/live?lb=" + token()).reply().status);
}
// A clock has been set, and peers would pass the listener round until it is measured again.
TEST(RedirectStage, ATokenOfAClockAheadOfOursIsNotRedirectedAgain) {
  auto source = server.start(master_with_keys()).source("/live");
  const std::string made = TokenKeys("thekey").sign(
      "edge1", "/live", token_tag("m1"), server.clock.wall() + 24h, RedirectToken::kOfRedirect);
  CHECK_EQUAL(200, server.open("/live?lb=" + made).reply().status);
  LONGS_EQUAL(0, arrivals());
}
TEST(RedirectStage, WhereTokensAreRequiredOneOfAClockAheadLetsNobodyIn) {
  auto source = server.start(edge("hard")).source("/live");
  const std::string made = TokenKeys("thekey").sign(
      "edge1", "/live", token_tag("m1"), server.clock.wall() + 24h, RedirectToken::kOfRedirect);
  CHECK_EQUAL(403, server.get("/live?lb=" + made).status);
}

// -- <redirect> of a mount
// -------------------------------------------------------------------------

TEST(RedirectStage, AMountMayBeSomewhereElse) {
  server.start(
      "<mount><mount-name>/a</mount-name><redirect>https://there:8443</redirect></mount>"
      "<mount><mount-name>/b</mount-name><redirect-to>http://x/s?m=${mount}</redirect-to></mount>");
  const Reply reply = server.get("/a");
  LONGS_EQUAL(302, reply.status);
  CHECK_EQUAL(std::string("https://there:8443/a"), reply.header("Location"));
  CHECK_EQUAL(std::string("http://x/s?m=b"), server.get("/b").header("Location"));
  CHECK(server.says("mount /a: 192.0.2.9 is sent to https://there:8443/a"));
}
TEST(RedirectStage, AMountThatIsElsewhereIsServedHereToRelaysWithAPassword) {
  server.start("<mount><mount-name>/a</mount-name><redirect>http://there</redirect></mount>");
  auto source = server.source("/a");
  CHECK_EQUAL(200, server.open("/a", basic("relay:relaypass")).reply().status);
  CHECK_EQUAL(302, server.get("/a", "User-Agent: Icecast 2.4.4\r\n").status);
  CHECK_EQUAL(302, server.head("/a").status);
}
TEST(RedirectStage, APatternOfMountsLeavesPagesListsAndFiles) {
  server.start("<mount><mount-name>/*</mount-name><redirect>http://there</redirect></mount>");
  server.put_web("own.txt", "text");
  for (const char* path : {"/status.xsl", "/status-json.xsl", "/own.txt", "/style.css", "/a.m3u",
                           "/7.html", "/_lb/x", "/"})
    CHECK_TEXT(server.get(path).status != 302, path);
  CHECK_EQUAL(302, server.get("/any").status);
}
