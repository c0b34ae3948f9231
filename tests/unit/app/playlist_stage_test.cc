#include "app/join/stages.h"
#include "app/test_server.h"

// Last, because it redefines `new`.
#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;

namespace {

std::string master(int nodes) {
  std::string text = "<max-redirect-slaves>-1</max-redirect-slaves>";
  for (int i = 1; i <= nodes; ++i)
    text += "<redirect><host>edge" + std::to_string(i) + ".test</host><port>8100</port></redirect>";
  return text + "<cluster><id>m1</id><balance><hold>0</hold></balance></cluster>";
}
int count_of(const std::string& text, std::string_view word) {
  int n = 0;
  for (std::size_t at = 0; (at = text.find(word, at)) != std::string::npos; ++at) ++n;
  return n;
}

}  // namespace

TEST_GROUP(PlaylistStage) { TestServer server; };

TEST(PlaylistStage, TheNodesComeFirstAndThisServerLast) {
  auto source = server.start(master(1)).source("/live");
  const Reply reply = server.get("/live.m3u?a=b");
  LONGS_EQUAL(200, reply.status);
  CHECK_EQUAL(std::string("audio/x-mpegurl"), reply.header("Content-Type"));
  CHECK_EQUAL(std::string("attachment; filename=\"listen.m3u\""),
              reply.header("Content-Disposition"));
  const std::size_t node = reply.body.find("http://edge1.test:8100/live?a=b");
  const std::size_t own = reply.body.find("http://radio.test:8000/live?a=b");
  CHECK(node != std::string::npos && own != std::string::npos && node < own);
}
TEST(PlaylistStage, NamesThreeNodesAtMost) {
  auto source = server.start(master(9)).source("/live");
  LONGS_EQUAL(3, count_of(server.get("/live.m3u").body, ".test:8100/live"));
}
TEST(PlaylistStage, SpeaksThreeLanguages) {
  auto source = server.start(master(1)).source("/live");
  CHECK(server.get("/live.pls").body.find("File1=http://edge1.test:8100/live") !=
        std::string::npos);
  CHECK(server.get("/live.xspf").body.find("<location>http://edge1.test:8100/live</location>") !=
        std::string::npos);
  CHECK_EQUAL(std::string("application/xspf+xml"), server.get("/live.xspf").header("Content-Type"));
}
TEST(PlaylistStage, WhileThisServerDrainsItIsNotNamed) {
  auto source = server.start(master(1)).source("/live");
  server.services().drainer->begin({});
  CHECK(server.get("/live.m3u").body.find("radio.test") == std::string::npos);
}
TEST(PlaylistStage, WhereThereIsNoNodeADrainingServerNamesItself) {
  auto source = server.start(master(0)).source("/live");
  server.services().drainer->begin({});
  CHECK(server.get("/live.m3u").body.find("http://radio.test:8000/live") != std::string::npos);
}
TEST(PlaylistStage, AFileOfThatNameGoesFirst) {
  auto source = server.start(master(1)).source("/live");
  server.put_web("live.m3u", "mine");
  CHECK_EQUAL(std::string("mine"), server.get("/live.m3u").body);
}
TEST(PlaylistStage, WithoutRedirectingTheListHasThisServerAlone) {
  auto source = server.start().source("/live");
  CHECK_EQUAL(std::string("http://radio.test:8000/live\r\n"), server.get("/live.m3u").body);
}
TEST(PlaylistStage, OfAMountWithoutItsSourceTheListHasThisServerAlone) {
  server.start("<mount><mount-name>/live</mount-name></mount>" + master(1));
  CHECK_EQUAL(std::string("http://radio.test:8000/live\r\n"), server.get("/live.m3u").body);
}
TEST(PlaylistStage, OfAMountThatNobodyKnowsTheListHasThisServerAlone) {
  server.start(master(1));
  CHECK_EQUAL(std::string("http://radio.test:8000/live\r\n"), server.get("/live.m3u").body);
}
TEST(PlaylistStage, AListNamesTheHostThatItWasAskedBy) {
  auto source = server.start(master(1)).source("/live");
  const Reply reply = server.ask("GET /live.m3u HTTP/1.1\r\nHost: other.test:9000\r\n\r\n");
  CHECK(reply.body.find("http://other.test:9000/live") != std::string::npos);
}
