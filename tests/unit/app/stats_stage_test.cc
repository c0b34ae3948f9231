#include "admin/feed/stats_feed.h"
#include "app/endpoints/stages.h"
#include "app/pages/stats_renderer.h"
#include "app/test_server.h"

// Last, because it redefines `new`.
#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

TEST_GROUP(StatsStage) {
  TestServer server;
  TestServer::Client follow(const std::string& login) {
    auto client = server.client();
    client.say("STATS / HTTP/1.0\r\n" + login + "\r\n");
    return client;
  }
};

TEST(StatsStage, IsForTheAdministrator) {
  server.start();
  CHECK_EQUAL(401, follow("").reply().status);
  CHECK_EQUAL(401, follow(kSourceLogin).reply().status);
  LONGS_EQUAL(0, server.services().counters.stats_connections.load());
}
TEST(StatsStage, AFollowerGetsAllNumbersAndThenTheChanges) {
  server.start();
  auto follower = follow(kAdminLogin);
  CHECK(server.until([&] { return follower.reply().has("EVENT global server_id "); }));
  CHECK(follower.got().starts_with("HTTP/1.0 200 OK\r\n\r\n"));
  LONGS_EQUAL(1, server.services().counters.stats_connections.load());
  LONGS_EQUAL(1, server.services().stats_feed->followers());
  auto source = server.source("/live");
  CHECK(server.until([&] { return follower.reply().has("EVENT /live server_type audio/mpeg\n"); }));
}
TEST(StatsStage, AFollowerIsAClientUntilItGoes) {
  server.start();
  auto follower = follow(kAdminLogin);
  LONGS_EQUAL(1, server.services().counters.clients.inside());
  server.clock.advance(5s);
  follower.close();
  CHECK(server.until([this] { return server.services().counters.clients.inside() == 0; }));
  CHECK(server.until(
      [this] { return server.accesses().find("\"STATS / HTTP/1.0\" 200") != std::string::npos; }));
}

TEST(StatsStage, OneGatheringServesAllThatAskedBeforeIt) {
  server.start();
  StatsRenderer& renderer = *server.services().stats_renderer;
  std::vector<std::string> texts;
  for (int i = 0; i < 3; ++i)
    renderer.stats_text([&texts](std::string text) { texts.push_back(std::move(text)); });
  LONGS_EQUAL(0, texts.size());
  server.turn();
  LONGS_EQUAL(3, texts.size());
  CHECK(texts[1] == texts[2]);
}
TEST(StatsStage, AnAnswerIsNeverOlderThanItsQuestion) {
  server.start();
  StatsRenderer& renderer = *server.services().stats_renderer;
  renderer.stats_text([](const std::string&) {});
  auto source = server.source("/live");
  std::string later;
  renderer.stats_text([&later](std::string text) { later = std::move(text); });
  server.turn();
  CHECK(later.find("<source mount=\"/live\">") != std::string::npos);
}
TEST(StatsStage, NewsAreWhatIsDifferent) {
  server.start();
  StatsRenderer& renderer = *server.services().stats_renderer;
  StatsNews first, second;
  renderer.stats_news(nullptr, true, [&first](StatsNews news) { first = std::move(news); });
  server.turn();
  CHECK(first.dump.has_value());
  server.services().counters.file_connections = 77;
  renderer.stats_news(first.now, false, [&second](StatsNews news) { second = std::move(news); });
  server.turn();
  CHECK_FALSE(second.dump.has_value());
  CHECK(second.changes.find("file_connections 77\n") != std::string::npos);
  CHECK(second.changes.find("server_id") == std::string::npos);
}
TEST(StatsStage, ATemplateThatThereIsNotIsAnError) {
  server.start();
  bool answered = false, good = true;
  server.services().stats_renderer->render("none.xsl", "<icestats/>",
                                           [&](RenderedPages::Page page) {
                                             answered = true;
                                             good = page->has_value();
                                           });
  server.turn();
  CHECK(answered);
  CHECK_FALSE(good);
}
