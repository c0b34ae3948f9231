#include "app/endpoints/stages.h"
#include "app/test_server.h"

// Last, because it redefines `new`.
#include "auth/guard/throttle.h"
#include "stream/mount/mount.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;

TEST_GROUP(AdminStage) {
  TestServer server;

  Reply admin(const std::string& target, const std::string& login = kAdminLogin) {
    return server.get("/admin/" + target, login);
  }
  Reply post(const std::string& target, const std::string& type, const std::string& body,
             const std::string& login) {
    return server.ask("POST " + target + " HTTP/1.1\r\nHost: a\r\n" + login +
                      "Content-Type: " + type +
                      "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  }
};

TEST(AdminStage, WithoutAPasswordItIs401) {
  server.start();
  const Reply reply = admin("stats", "");
  LONGS_EQUAL(401, reply.status);
  CHECK(reply.header("WWW-Authenticate").starts_with("Basic"));
}
TEST(AdminStage, TheAdministratorReadsTheStatistics) {
  server.start();
  const Reply reply = admin("stats");
  LONGS_EQUAL(200, reply.status);
  CHECK(reply.header("Content-Type").starts_with("text/xml"));
  CHECK(reply.body.find("<icestats>") != std::string::npos);
}
TEST(AdminStage, APageIsTheSameByWayOfItsTemplate) {
  server.start();
  const Reply reply = admin("stats.xsl");
  LONGS_EQUAL(200, reply.status);
  CHECK(reply.header("Content-Type").starts_with("text/html"));
  CHECK(reply.header("X-Content-Type-Options") == "nosniff");
}
TEST(AdminStage, SourcesAndRelaysMayNotWhatTheAdministratorMay) {
  auto source = server.start().source("/live");
  CHECK_EQUAL(401, admin("stats", kSourceLogin).status);
  CHECK_EQUAL(401, admin("killsource?mount=/live", basic("relay:relaypass")).status);
  CHECK(server.mount("/live") != nullptr);
}
TEST(AdminStage, ASourceMayNameTheTitleOfItsMount) {
  auto source = server.start().source("/live");
  const std::string command = "/admin/metadata?mount=/live&mode=updinfo&song=A+-+B";
  CHECK_EQUAL(200, server.get(command, kSourceLogin, "192.0.2.77").status);
  CHECK_EQUAL(std::string("A - B"), server.mount("/live")->metadata()->song());
}
TEST(AdminStage, FromAnotherAddressThanItsOwnASourceMayNameNoTitle) {
  auto source = server.start().source("/live");
  admin("metadata?mount=/live&mode=updinfo&song=x", kSourceLogin);
  CHECK_EQUAL(std::string(""), server.mount("/live")->metadata()->song());
}
TEST(AdminStage, AnotherMountsPasswordMayNot) {
  server.start("<mount><mount-name>/own</mount-name><password>own</password></mount>");
  auto source = server.source("/live");
  CHECK_EQUAL(401, admin("metadata?mount=/live&mode=updinfo&song=x", basic("source:own")).status);
}
TEST(AdminStage, ARelayMayReadTheListOfStreams) {
  auto source = server.start().source("/live");
  const Reply reply = admin("streamlist.txt", basic("relay:relaypass"));
  LONGS_EQUAL(200, reply.status);
  CHECK(reply.body.find("/live") != std::string::npos);
}
TEST(AdminStage, WrongPasswordsAreThrottledByUserAndAddress) {
  server.start();
  for (int i = 0; i < PasswordThrottle::kFree; ++i)
    CHECK_EQUAL(401, admin("stats", basic("admin:wrong")).status);
  CHECK_EQUAL(429, admin("stats", basic("admin:wrong")).status);
  CHECK_EQUAL(200, admin("stats").status);
  CHECK_EQUAL(401, server.get("/admin/stats", basic("admin:wrong"), "192.0.2.10").status);
}
TEST(AdminStage, HeadChangesNothing) {
  auto source = server.start().source("/live");
  CHECK_EQUAL(400, server.head("/admin/killsource?mount=/live", kAdminLogin).status);
  CHECK(server.mount("/live") != nullptr);
  CHECK_EQUAL(200, server.head("/admin/stats", kAdminLogin).status);
}
TEST(AdminStage, KillsourceEndsTheSource) {
  auto source = server.start().source("/live");
  CHECK_EQUAL(200, admin("killsource?mount=/live").status);
  CHECK(source.finished());
  POINTERS_EQUAL(nullptr, server.mount("/live").get());
}
TEST(AdminStage, AFormIsAsGoodAsAQuery) {
  auto source = server.start().source("/live");
  const std::string form = "mount=/live&mode=updinfo&song=from+a+form";
  CHECK_EQUAL(
      200, post("/admin/metadata", "application/x-www-form-urlencoded", form, kAdminLogin).status);
  CHECK_EQUAL(std::string("from a form"), server.mount("/live")->metadata()->song());
}
TEST(AdminStage, AnUnknownCommandIs400) {
  server.start();
  CHECK_EQUAL(400, admin("nothing").status);
}
TEST(AdminStage, ABrowserThatWantsAPageIsAnsweredWithOne) {
  server.start();
  const Reply plain = admin("nothing"),
              page = server.get("/admin/nothing", kAdminLogin + "Accept: text/html,*/*\r\n");
  LONGS_EQUAL(400, page.status);
  CHECK(page.header("Content-Type").starts_with("text/html"));
  CHECK(page.body.size() > plain.body.size());
}

TEST(AdminStage, TheCgiTakesTheSourcesPasswordForTheShoutcastMount) {
  auto source = server.start("<shoutcast-mount>/sc</shoutcast-mount>").source("/sc");
  const Reply reply = server.get("/admin.cgi?mode=updinfo&pass=sourcepass&song=T");
  LONGS_EQUAL(400, reply.status);  // of a mount that is not Shoutcast's
  CHECK_EQUAL(401, server.get("/admin.cgi?mode=updinfo&pass=wrong&song=T").status);
}
TEST(AdminStage, TheCgiNamesTheTitleOfAShoutcastSource) {
  server.socket->shoutcast = true;
  auto client = server.start().client();
  client.say("sourcepass\r\n").say("content-type: audio/mpeg\r\n\r\n").say(mp3_frames(5));
  server.socket = std::make_shared<ListenSocket>();
  CHECK_EQUAL(200, server.get("/admin.cgi?mode=updinfo&pass=sourcepass&song=Title").status);
  CHECK_EQUAL(std::string("Title"), server.mount("/stream")->metadata()->song());
  CHECK_EQUAL(200, server.get("/admin/admin.cgi?mode=updinfo&pass=sourcepass&song=Two").status);
  CHECK_EQUAL(std::string("Two"), server.mount("/stream")->metadata()->song());
}
TEST(AdminStage, AWrongPasswordOfTheCgiIsAGuessAtTheAdministratorsToo) {
  server.start();
  for (int i = 0; i < PasswordThrottle::kFree; ++i)
    CHECK_EQUAL(401, server.get("/admin.cgi?mode=updinfo&pass=wrong&song=T").status);
  CHECK_EQUAL(429, admin("stats", basic("admin:wrong")).status);
}

TEST(AdminStage, OnlyNodesAndRelaysMayPostALongBody) {
  server.start("<cluster><id>m1</id><node id=\"edge1\" secret=\"nodesecret\"/></cluster>");
  const std::string body(100'000, 'x');
  const auto answered = [&](const std::string& login) {
    return post("/admin/sourcelist.txt", "application/json", body, login).status;
  };
  // Read, and found to be no report; or not read at all.
  CHECK_EQUAL(400, answered(basic("edge1:nodesecret")));
  CHECK_EQUAL(401, answered(basic("edge1:wrong")));
}
TEST(AdminStage, WhileTheServerIsFullTheAdministratorMayLook) {
  server.limits = "<clients>1</clients>";
  server.start();
  server.services().counters.clients.enter();
  CHECK_EQUAL(403, server.get("/").status);
  CHECK_EQUAL(200, admin("listmounts").status);
}
