#include "app/join/stages.h"
#include "app/test_server.h"

// Last, because it redefines `new`.
#include "auth/guard/throttle.h"
#include "stream/mount/mount.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

TEST_GROUP(SourceStage) {
  TestServer server;

  Reply put(const std::string& mount, const std::string& lines) {
    return server.ask("PUT " + mount + " HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n");
  }
};

TEST(SourceStage, ARightPasswordMakesAMount) {
  auto source = server.start().source("/live");
  CHECK(source.got().starts_with("HTTP/1.0 200 OK\r\n\r\n"));
  CHECK(server.mount("/live") != nullptr);
  LONGS_EQUAL(1, server.services().counters.sources.inside());
  LONGS_EQUAL(1, server.services().counters.source_client_connections.load());
  LONGS_EQUAL(1, server.services().counters.source_total_connections.load());
}
TEST(SourceStage, WhatItSaysAboutItselfIsTheMounts) {
  auto source = server.start().source("/live", "ice-name: My Radio\r\nUser-Agent: enc/1\r\n");
  const auto facts = server.mount("/live")->facts();
  CHECK_EQUAL(std::string("audio/mpeg"), facts->content_type);
  CHECK_EQUAL(std::string("My Radio"), facts->stats.at("server_name"));
  CHECK_EQUAL(std::string("192.0.2.77"), facts->source_ip);
  CHECK_EQUAL(std::string("enc/1"), facts->user_agent);
}
TEST(SourceStage, AWrongPasswordIs401AndCounted) {
  const Reply reply = server.start().ask("SOURCE /live HTTP/1.0\r\n" + basic("source:wrong") +
                                         "Content-Type: audio/mpeg\r\n\r\n");
  LONGS_EQUAL(401, reply.status);
  CHECK(reply.header("WWW-Authenticate").starts_with("Basic"));
  LONGS_EQUAL(1, server.refusals(Refusal::kLogin));
  POINTERS_EQUAL(nullptr, server.mount("/live").get());
}
TEST(SourceStage, LibshoutsProbeIsAnsweredAndGoesOn) {
  auto client = server.start().client();
  client.say(
      "PUT /live HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n");
  CHECK_EQUAL(401, client.reply().status);
  CHECK_FALSE(client.finished());
  LONGS_EQUAL(0, server.refusals(Refusal::kLogin));
  client.say("PUT /live HTTP/1.1\r\nHost: a\r\n" + kSourceLogin +
             "Content-Type: audio/mpeg\r\nTransfer-Encoding: chunked\r\n\r\n");
  CHECK(client.reply().has("HTTP/1.0 200 OK"));
  CHECK(server.mount("/live") != nullptr);
}
TEST(SourceStage, ExpectIsAnsweredFirst) {
  server.start();
  const Reply again = put("/live", kSourceLogin +
                                       "Content-Type: audio/mpeg\r\nExpect: 100-continue\r\n"
                                       "Transfer-Encoding: chunked\r\n");
  CHECK(again.all.starts_with("HTTP/1.1 100 Continue\r\n"));
  CHECK(again.has("HTTP/1.0 200 OK\r\n"));
}
TEST(SourceStage, PutNeedsAType) {
  server.start();
  const Reply reply = put("/live", kSourceLogin + "Transfer-Encoding: chunked\r\n");
  LONGS_EQUAL(403, reply.status);
  CHECK(reply.has("No Content-type given"));
}
TEST(SourceStage, SourceWithoutATypeIsMpeg) {
  auto source = server.start().source("/live", "", "");
  CHECK_EQUAL(std::string("audio/mpeg"), server.mount("/live")->facts()->content_type);
  CHECK(server.says("mount /live: no content type given, audio/mpeg is assumed"));
}
TEST(SourceStage, APostOfAudioIsASource) {
  server.start();
  auto client = server.client();
  client.say("POST /live HTTP/1.1\r\nHost: a\r\n" + kSourceLogin +
             "Content-Type: audio/mpeg\r\nTransfer-Encoding: chunked\r\n\r\n");
  CHECK(client.reply().has(" 200 OK"));
  CHECK(server.mount("/live") != nullptr);
}
TEST(SourceStage, NamesOfPagesListsAndTheAdministrationAreReserved) {
  server.start();
  for (const char* name : {"/admin", "/admin/x", "/admin.cgi", "/_lb/x", "/status.xsl", "/a.m3u",
                           "/a.xspf", "/a.vclt", "/a.pls"}) {
    const Reply reply = server.ask("SOURCE " + std::string(name) + " HTTP/1.0\r\n" + kSourceLogin +
                                   "Content-Type: audio/mpeg\r\n\r\n");
    LONGS_EQUAL_TEXT(403, reply.status, name);
    CHECK_TEXT(reply.has("mount name is reserved"), name);
  }
}
TEST(SourceStage, ANameMayBeTooShortOrTooLong) {
  server.start();
  for (const std::string& name : {std::string("/"), "/" + std::string(255, 'x')})
    CHECK(server
              .ask("SOURCE " + name + " HTTP/1.0\r\n" + kSourceLogin +
                   "Content-Type: audio/mpeg\r\n\r\n")
              .has("mount name not allowed"));
  CHECK(server.source("/" + std::string(254, 'x')).got().starts_with("HTTP/1.0 200"));
}
TEST(SourceStage, AMountMayHideAFileOfAudioAndNoPage) {
  server.start();
  server.put_web("page.css", "css");
  server.put_web("song.mp3", "mp3");
  CHECK(server.source("/page.css").reply().has("mount name is that of a file"));
  CHECK(server.source("/style.css").reply().has("mount name is that of a file"));  // built in
  CHECK(server.source("/song.mp3").got().starts_with("HTTP/1.0 200"));
}
TEST(SourceStage, ASecondSourceIsToldThatTheMountIsInUse) {
  server.start();
  auto first = server.source("/live"), second = server.source("/live");
  LONGS_EQUAL(403, second.reply().status);
  CHECK(second.reply().has("Mountpoint in use"));
  LONGS_EQUAL(1, server.refusals(Refusal::kMountInUse));
  LONGS_EQUAL(1, server.services().counters.sources.inside());
}
TEST(SourceStage, SourcesAboveTheirLimitAreRefused) {
  server.limits = "<sources>1</sources>";
  server.start();
  auto first = server.source("/a"), second = server.source("/b");
  CHECK(second.reply().has("too many sources connected"));
  LONGS_EQUAL(1, server.refusals(Refusal::kSources));
  first.close();
  CHECK(server.source("/b").got().starts_with("HTTP/1.0 200"));
}
TEST(SourceStage, AMountInUseIsToldWhereThereIsNoPlaceEither) {
  server.limits = "<sources>1</sources>";
  server.start();
  auto first = server.source("/a");
  CHECK(server.source("/a").reply().has("Mountpoint in use"));
  LONGS_EQUAL(0, server.refusals(Refusal::kSources));
  LONGS_EQUAL(1, server.services().counters.sources.inside());
  CHECK(server.source("/b").reply().has("too many sources connected"));
}
TEST(SourceStage, WhileTheNodeDrainsNoSourceComes) {
  server.start();
  server.services().drainer->begin({});
  CHECK_EQUAL(503, server.source("/live").reply().status);
  POINTERS_EQUAL(nullptr, server.mount("/live").get());
}
TEST(SourceStage, AMountsOwnUserAndPasswordGoBeforeTheServers) {
  server.start(
      "<mount><mount-name>/live</mount-name><username>dj</username><password>own</password>"
      "</mount>");
  const auto login = [&](const std::string& given) {
    return server
        .ask("SOURCE /live HTTP/1.0\r\n" + basic(given) + "Content-Type: audio/mpeg\r\n\r\n")
        .status;
  };
  CHECK_EQUAL(401, login("dj:sourcepass"));
  CHECK_EQUAL(401, login("source:own"));
  CHECK_EQUAL(200, login("dj:own"));
}
TEST(SourceStage, IcePasswordIsTakenOnlyWhereItIsAllowed) {
  const std::string request =
      "SOURCE /live HTTP/1.0\r\nice-password: sourcepass\r\nContent-Type: audio/mpeg\r\n\r\n";
  CHECK_EQUAL(401, server.start().ask(request).status);
  CHECK_EQUAL(200, server.start("<icelogin>1</icelogin>").ask(request).status);
}
TEST(SourceStage, AfterTooManyWrongPasswordsItIs429) {
  server.start();
  const std::string wrong = "SOURCE /live HTTP/1.0\r\n" + basic("source:wrong") + "\r\n";
  for (int i = 0; i < PasswordThrottle::kFree; ++i) CHECK_EQUAL(401, server.ask(wrong).status);
  const Reply reply = server.ask(wrong);
  LONGS_EQUAL(429, reply.status);
  CHECK(reply.header("Retry-After") != "(none)");
  LONGS_EQUAL(1, server.refusals(Refusal::kGuesses));
  // The right one is compared all the same.
  CHECK_EQUAL(
      200,
      server.ask("SOURCE /live HTTP/1.0\r\n" + kSourceLogin + "Content-Type: audio/mpeg\r\n\r\n")
          .status);
}
TEST(SourceStage, TheAdministratorsPasswordInTheWrongPlaceIsNoGuess) {
  server.start();
  for (int i = 0; i < PasswordThrottle::kFree + 1; ++i)
    CHECK_EQUAL(401, server.ask("SOURCE /live HTTP/1.0\r\n" + kAdminLogin + "\r\n").status);
}

TEST(SourceStage, ShoutcastsPasswordLineIsAnsweredWithOk2) {
  server.socket->shoutcast = true;
  auto client = server.start().client();
  client.say("sourcepass\r\n");
  CHECK(client.got().starts_with("OK2\r\nicy-caps:11\r\n"));
  client.say("content-type: audio/mpeg\r\nicy-name: SC\r\n\r\n").say(mp3_frames(5));
  const auto mount = server.mount("/stream");
  CHECK(mount != nullptr);
  CHECK(mount->facts()->shoutcast);
}
TEST(SourceStage, ShoutcastsMountIsThatOfItsSocket) {
  server.socket->shoutcast = true;
  server.socket->settings.shoutcast_mount = "/sc";
  auto client = server.start().client();
  client.say("sourcepass\r\n").say("content-type: audio/mpeg\r\n\r\n");
  CHECK(server.mount("/sc") != nullptr);
}
TEST(SourceStage, AWrongShoutcastPasswordIsDroppedWithoutAWord) {
  server.socket->shoutcast = true;
  auto client = server.start().client();
  client.say("wrong\r\n");
  CHECK(!client.got().starts_with("OK2"));
  CHECK(client.finished());
}
TEST(SourceStage, ABackendThatDecidesAboutSourcesIsAskedInsteadOfThePassword) {
  // It answers nothing, so nobody gets in: the server's password does not count.
  server.start(
      "<mount><mount-name>/live</mount-name><authentication type=\"url\">"
      "<option name=\"stream_auth\" value=\"http://127.0.0.1:1/auth\"/></authentication></mount>");
  auto source = server.source("/live");
  CHECK(server.until([&] { return !source.got().empty(); }));
  LONGS_EQUAL(401, source.reply().status);
  POINTERS_EQUAL(nullptr, server.mount("/live").get());
}
TEST(SourceStage, TheMountGoesWithItsSource) {
  auto source = server.start().source("/live");
  source.close();
  POINTERS_EQUAL(nullptr, server.mount("/live").get());
  LONGS_EQUAL(0, server.services().counters.sources.inside());
  LONGS_EQUAL(0, server.services().counters.clients.inside());
}
