#include "app/endpoints/stages.h"
#include "app/operate/metrics_service.h"
#include "app/test_server.h"

// Last, because it redefines `new`.
#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

TEST_GROUP(MetricsStage) {
  TestServer server;
  Reply metrics(const std::string& lines = {}, const std::string& ip = "127.0.0.1") {
    return server.get("/metrics", lines, ip);
  }
  // The number behind this name, with its labels.
  std::string number(const std::string& name) {
    const std::string text = "\n" + metrics().body;
    const std::size_t at = text.find("\n" + name + " ");
    if (at == std::string::npos) return "(none)";
    const std::size_t from = at + name.size() + 2;
    return text.substr(from, text.find('\n', from) - from);
  }
};

TEST(MetricsStage, ThisMachineNeedsNoPassword) {
  server.start();
  const Reply reply = metrics();
  LONGS_EQUAL(200, reply.status);
  CHECK(reply.header("Content-Type").starts_with("text/plain; version=0.0.4"));
  CHECK_EQUAL(200, metrics("", "::1").status);
}
TEST(MetricsStage, OthersNeedTheAdministrators) {
  server.start();
  CHECK_EQUAL(401, metrics("", "192.0.2.9").status);
  CHECK_EQUAL(200, metrics(kAdminLogin, "192.0.2.9").status);
  CHECK_EQUAL(401, metrics(kSourceLogin, "192.0.2.9").status);
}
TEST(MetricsStage, WhatAProxyPassedOnIsNotLocal) {
  server.start();
  for (const char* line : {"X-Forwarded-For: 192.0.2.1\r\n", "Forwarded: for=192.0.2.1\r\n",
                           "Via: 1.1 p\r\n", "X-Real-IP: 192.0.2.1\r\n"})
    CHECK_EQUAL(401, metrics(line).status);
}
TEST(MetricsStage, OfABelievedProxyTheClientsAddressCounts) {
  server.paths = "<x-forwarded-for>127.0.0.1</x-forwarded-for>";
  server.start("<metrics><allow>192.0.2.1</allow></metrics>");
  CHECK_EQUAL(200, metrics("X-Forwarded-For: 192.0.2.1\r\n").status);
  CHECK_EQUAL(401, metrics("X-Forwarded-For: 192.0.2.2\r\n").status);
}
TEST(MetricsStage, AllowNamesWhoMayReadThem) {
  server.start("<metrics><allow>192.0.2.0/28</allow></metrics>");
  CHECK_EQUAL(200, metrics("", "192.0.2.9").status);
  CHECK_EQUAL(401, metrics("", "192.0.2.99").status);
  CHECK_EQUAL(401, metrics().status);
}
TEST(MetricsStage, AllowNoneIsForTheAdministratorAlone) {
  server.start("<metrics><allow>none</allow></metrics>");
  CHECK_EQUAL(401, metrics().status);
  CHECK_EQUAL(200, metrics(kAdminLogin).status);
}
TEST(MetricsStage, AFullServerIsMeasuredToo) {
  server.limits = "<clients>1</clients>";
  server.start();
  server.services().counters.clients.enter();
  CHECK_EQUAL(200, metrics().status);
  LONGS_EQUAL(0, server.refusals(Refusal::kClients));
}
TEST(MetricsStage, AMountOrAFileOfThatNameGoesFirst) {
  server.start();
  server.put_web("metrics", "mine");
  CHECK_EQUAL(std::string("mine"), metrics().body);
  std::filesystem::remove(server.directory.file("web/metrics"));
  auto source = server.source("/metrics");
  auto listener = server.open("/metrics", "", "127.0.0.1");
  CHECK_EQUAL(std::string("audio/mpeg"), listener.reply().header("Content-Type"));
}

TEST(MetricsStage, CountsWhatTheServerDoes) {
  auto source = server.start().source("/live");
  auto listener = server.open("/live"),
       relay = server.open("/live", "User-Agent: Icecast 2.4.4\r\n");
  server.get("/nothing"), server.get("/style.css");
  server.clock.advance(1s);
  CHECK_EQUAL(std::string("1"), number("icecast_server_listeners"));
  CHECK_EQUAL(std::string("1"), number("icecast_server_listening_relays"));
  CHECK_EQUAL(std::string("1"), number("icecast_listening_relays{mount=\"/live\"}"));
  CHECK_EQUAL(std::string("1"), number("icecast_sources"));
  CHECK_EQUAL(std::string("8340"), number("icecast_bytes_read_total{mount=\"/live\"}"));
  CHECK_EQUAL(std::string("1"), number("icecast_file_requests_total"));
  CHECK_EQUAL(std::string("0"), number("icecast_config_reloads_total{result=\"applied\"}"));
}
TEST(MetricsStage, NamesWhyClientsWereRefused) {
  server.start();
  server.ask("SOURCE /live HTTP/1.0\r\n" + basic("source:wrong") + "\r\n");
  CHECK_EQUAL(std::string("1"), number("icecast_refusals_total{reason=\"login\"}"));
}
TEST(MetricsStage, SaysHowTheNodeIs) {
  server.start();
  server.services().drainer->begin({});
  CHECK_EQUAL(std::string("1"), number("icecast_node_state{state=\"draining\"}"));
  CHECK_EQUAL(std::string("0"), number("icecast_node_state{state=\"up\"}"));
}
TEST(MetricsStage, TheTextIsMadeAtMostOnceASecond) {
  server.start();
  MetricsService& service = *server.services().metrics;
  std::vector<MetricsService::Text> texts;
  const auto keep = [&texts](MetricsService::Text text) { texts.push_back(std::move(text)); };
  service.get(keep);
  service.get(keep);
  LONGS_EQUAL(0, texts.size());
  server.turn();
  LONGS_EQUAL(2, texts.size());
  server.clock.advance(999ms);
  service.get(keep);
  LONGS_EQUAL(3, texts.size());
  CHECK(texts[0] == texts[1] && texts[1] == texts[2]);
  server.clock.advance(1ms);
  service.get(keep);
  server.turn();
  LONGS_EQUAL(4, texts.size());
  CHECK(texts[3] != texts[2]);
}
