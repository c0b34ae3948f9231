#include "app/endpoints/page_stage.h"

#include "app/pages/foreign_pages.h"
#include "app/test_server.h"

// Last, because it redefines `new`.
#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

TEST_GROUP(PageStage) {
  TestServer server;

  // What the cache gives for this page; counted are those that have been made.
  PageCache::Page page(const std::string& path, const std::string& query = {}) {
    PageCache::Page got;
    server.services().pages->get(*page_ask(server.services(), path, query),
                                 [&got](PageCache::Page made) { got = std::move(made); });
    server.turn();
    return got;
  }
};

TEST(PageStage, TheStatusIsThereInJson) {
  auto source = server.start().source("/live", "ice-name: N\r\n");
  const Reply reply = server.get("/status-json.xsl");
  LONGS_EQUAL(200, reply.status);
  CHECK(reply.header("Content-Type").starts_with("application/json"));
  CHECK(reply.body.find("\"listenurl\":\"http://radio.test:8000/live\"") != std::string::npos);
  CHECK_EQUAL(std::string("nosniff"), reply.header("X-Content-Type-Options"));
}
TEST(PageStage, OfOneMountOnly) {
  server.start();
  auto a = server.source("/a"), b = server.source("/b");
  const std::string one = server.get("/status-json.xsl?mount=/a").body;
  CHECK(one.find("/a\"") != std::string::npos);
  CHECK(one.find("/b\"") == std::string::npos);
  CHECK(server.get("/status-json.xsl?mount=/none").body.find("\"source\"") == std::string::npos);
}
TEST(PageStage, AHiddenMountIsOnNoPage) {
  server.start("<mount><mount-name>/live</mount-name><hidden>1</hidden></mount>");
  auto source = server.source("/live");
  CHECK(server.get("/status-json.xsl").body.find("/live") == std::string::npos);
  CHECK(server.get("/status.xsl").body.find("/live") == std::string::npos);
}
TEST(PageStage, ATemplateThatThereIsNotIs404) {
  const Reply reply = server.start().get("/none.xsl");
  LONGS_EQUAL(404, reply.status);
  CHECK(reply.has("Could not parse XSLT file"));
}
TEST(PageStage, ATemplateOfTheWebRootIsTaken) {
  server.start();
  server.put_web(
      "own.xsl",
      "<xsl:stylesheet xmlns:xsl=\"http://www.w3.org/1999/XSL/Transform\" version=\"1.0\">"
      "<xsl:output method=\"text\" media-type=\"text/plain\"/>"
      "<xsl:template match=\"/icestats\">host <xsl:value-of select=\"host\"/>"
      "</xsl:template></xsl:stylesheet>");
  CHECK_EQUAL(std::string("host radio.test"), server.get("/own.xsl").body);
}
TEST(PageStage, OverHttpsAPageNamesTheHostThatItWasAskedBy) {
  server.paths = "<x-forwarded-for>192.0.2.9</x-forwarded-for>";
  auto source = server.start().source("/live");
  const Reply reply = server.ask(
      "GET /status-json.xsl HTTP/1.1\r\nHost: secure.test\r\n"
      "X-Forwarded-For: 198.51.100.1\r\nX-Forwarded-Proto: https\r\n\r\n");
  CHECK(reply.body.find("https://secure.test/live") != std::string::npos);
  CHECK_EQUAL(std::to_string(reply.body.size()), reply.header("Content-Length"));
}
TEST(PageStage, ListsOfAMountInXml) {
  auto source = server.start().source("/live");
  const Reply reply = server.get("/live.xspf");
  LONGS_EQUAL(200, reply.status);
  CHECK(reply.body.find("http://radio.test:8000/live") != std::string::npos);
  CHECK_EQUAL(200, server.get("/live.vclt").status);
}

TEST(PageStage, APageIsSharedWhileItIsFresh) {
  server.start();
  const auto first = page("/status-json.xsl");
  CHECK(first && first->has_value());
  CHECK(page("/status-json.xsl") == first);
  server.clock.advance(501ms);
  CHECK(page("/status-json.xsl") != first);
}
TEST(PageStage, WhoeverAsksMeanwhileGetsTheSamePage) {
  server.start();
  std::vector<PageCache::Page> got;
  for (int i = 0; i < 3; ++i)
    server.services().pages->get({"/status-json.xsl", {}, false},
                                 [&got](PageCache::Page made) { got.push_back(std::move(made)); });
  LONGS_EQUAL(0, got.size());
  server.turn();
  LONGS_EQUAL(3, got.size());
  CHECK(got[0] == got[1] && got[1] == got[2]);
}
TEST(PageStage, AMountThatHasBegunIsOnThePageOfAnotherKindAtOnce) {
  server.start();
  page("/status-json.xsl");
  auto source = server.source("/live");
  const auto later = page("/status-json.xsl", "array=1");
  CHECK((*later)->body.find("/live") != std::string::npos);
}
TEST(PageStage, TooManyPagesOfMountsAreRefused) {
  server.start();
  std::vector<TestServer::Client> crowd;
  int refused = 0, made = 0;
  for (int i = 0; i < 40; ++i)
    server.services().pages->get(
        {"/status-json.xsl", "/m" + std::to_string(i), false},
        [&](const PageCache::Page& page) { ++(page == nullptr ? refused : made); });
  CHECK(refused > 0);
  server.turn();
  LONGS_EQUAL(40, refused + made);
  CHECK(made >= static_cast<int>(RenderedPages::kMaxQueued));
}
TEST(PageStage, MountsThatAreNotKnownAreAllOne) {
  server.start();
  const auto ask = [&](const char* query) {
    return page_ask(server.services(), "/status-json.xsl", query)->key();
  };
  CHECK_EQUAL(ask("mount=/x"), ask("mount=/y"));
  CHECK(ask("mount=/x") != ask(""));
  auto source = server.source("/x");
  CHECK(ask("mount=/x") != ask("mount=/y"));
}

// -- SHOUTcast's pages
// ------------------------------------------------------------------------------

TEST(PageStage, ShoutcastsPagesAreNumberedByName) {
  server.start();
  auto b = server.source("/b"), a = server.source("/a");
  auto listener = server.open("/b");
  CHECK(server.get("/7.html?sid=2").body.find("1,1,1,") != std::string::npos);
  CHECK(server.get("/7.html?sid=1").body.find("0,1,0,") != std::string::npos);
  CHECK_EQUAL(404, server.get("/7.html?sid=3").status);
  CHECK_EQUAL(404, server.get("/7.html?sid=0").status);
  CHECK_EQUAL(404, server.get("/7.html?mount=/none").status);
}
TEST(PageStage, TheShoutcastMountIsNumberOne) {
  server.start("<shoutcast-mount>/z</shoutcast-mount>");
  auto a = server.source("/a"), z = server.source("/z");
  CHECK(foreign_page_ask(server.services(), "/7.html", "")->mount == "/z");
  CHECK(foreign_page_ask(server.services(), "/7.html", "sid=2")->mount == "/a");
}
TEST(PageStage, SectionsAreNumberedWhileTheyAreOffTheAirAndHiddenOnesAreNot) {
  server.start(
      "<mount><mount-name>/a</mount-name><hidden>1</hidden></mount>"
      "<mount><mount-name>/b</mount-name></mount><mount><mount-name>/p*</mount-name></mount>");
  CHECK(foreign_page_ask(server.services(), "/stats", "sid=1")->mount == "/b");
  CHECK_FALSE(foreign_page_ask(server.services(), "/stats", "sid=2").has_value());
}
TEST(PageStage, StatsSpeaksXmlAndJson) {
  auto source = server.start().source("/live");
  CHECK(server.get("/stats?sid=1").header("Content-Type").starts_with("text/xml"));
  CHECK(server.get("/stats?sid=1&json=1").header("Content-Type").starts_with("application/json"));
}
TEST(PageStage, WhatIsPlayedNowAndBefore) {
  auto source = server.start().source("/live");
  for (const char* song : {"First", "Second"}) {
    server.get("/admin/metadata?mount=/live&mode=updinfo&song=" + std::string(song), kAdminLogin);
    server.clock.advance(1s);
    source.say(mp3_frames(2));
  }
  CHECK_EQUAL(std::string("Second"), server.get("/currentsong?sid=1").body);
  const std::string played = server.get("/played.json?mount=/live").body;
  CHECK(played.find("First") != std::string::npos);
  CHECK(played.find("Second") != std::string::npos);
  CHECK(server.get("/played?type=xml").header("Content-Type").starts_with("text/xml"));
  CHECK_EQUAL(200, server.get("/played.html").status);
}
TEST(PageStage, AFileOfTheWebRootWithShoutcastsNameGoesFirst) {
  server.start();
  server.put_web("7.html", "mine");
  CHECK_EQUAL(std::string("mine"), server.get("/7.html").body);
  CHECK_FALSE(is_foreign_path(server.services(), "/7.html"));
  CHECK(is_foreign_path(server.services(), "/played.json"));
}

// -- files
// -------------------------------------------------------------------------------------------

TEST(PageStage, AFileIsSentWithItsTypeAndLength) {
  server.start();
  server.put_web("a.txt", "0123456789");
  const Reply reply = server.get("/a.txt");
  LONGS_EQUAL(200, reply.status);
  CHECK_EQUAL(std::string("0123456789"), reply.body);
  CHECK_EQUAL(std::string("10"), reply.header("Content-Length"));
  CHECK(reply.header("Content-Type").starts_with("text/plain"));
  LONGS_EQUAL(1, server.services().counters.file_connections.load());
}
TEST(PageStage, WhatIsNotThereIsNoFileConnection) {
  server.start();
  CHECK_EQUAL(404, server.get("/b.txt").status);
  LONGS_EQUAL(0, server.services().counters.file_connections.load());
}
TEST(PageStage, PartsOfAFile) {
  server.start();
  server.put_web("a.txt", "0123456789");
  const Reply part = server.get("/a.txt", "Range: bytes=2-4\r\n");
  LONGS_EQUAL(206, part.status);
  CHECK_EQUAL(std::string("234"), part.body);
  CHECK_EQUAL(std::string("bytes 2-4/10"), part.header("Content-Range"));
  CHECK_EQUAL(416, server.get("/a.txt", "Range: bytes=20-\r\n").status);
}
TEST(PageStage, NothingOutsideTheWebRootIsAFile) {
  server.start();
  server.put_web("a.txt", "a");
  CHECK(server.get("/../icecast.xml").status != 200);
  CHECK(server.get("/%2e%2e/icecast.xml").status != 200);
}
TEST(PageStage, AListIsMadeOfAnyName) {
  server.start("<mount><mount-name>/live</mount-name></mount>");
  CHECK_EQUAL(std::string("http://radio.test:8000/live\r\n"), server.get("/live.m3u").body);
  CHECK(server.get("/live.pls").body.find("File1=http://radio.test:8000/live") !=
        std::string::npos);
  CHECK_EQUAL(200, server.get("/other.m3u").status);
  CHECK_EQUAL(404, server.get("/.m3u").status);
}
TEST(PageStage, ABuiltInFileIsThereUnlessFilesAreNotServed) {
  CHECK_EQUAL(200, server.start().get("/style.css").status);
  CHECK_EQUAL(404, server.start("<fileserve>0</fileserve>").get("/style.css").status);
}
TEST(PageStage, TheFileOfTheWebRootGoesBeforeTheBuiltInOne) {
  server.start();
  server.put_web("style.css", "mine");
  CHECK_EQUAL(std::string("mine"), server.get("/style.css").body);
}
