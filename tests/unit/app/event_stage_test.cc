#include "app/endpoints/stages.h"
#include "app/services/event_service.h"
#include "app/test_server.h"

// Last, because it redefines `new`.
#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

TEST_GROUP(EventStage) {
  std::vector<std::string> told;  // hears the server's end
  TestServer server;

  std::string program(const std::string& name) {
    const std::string path = server.directory.put(
        name, "#!/bin/sh\necho \"$1 $EVENT_SUBJECT $EVENT_NODE $EVENT_MOUNT_TYPE\" >> " +
                  server.directory.file("out") + "\n");
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    return path;
  }
};

TEST(EventStage, EventsAreForTheAdministrator) {
  server.start();
  CHECK_EQUAL(401, server.get("/admin/events").status);
  CHECK_EQUAL(401, server.get("/admin/events", kSourceLogin).status);
  LONGS_EQUAL(2, server.refusals(Refusal::kLogin));
  LONGS_EQUAL(0, server.services().events->readers());
}
TEST(EventStage, AReaderHearsWhatHappensFromNowOn) {
  server.start();
  auto reader = server.open("/admin/events", kAdminLogin);
  CHECK_EQUAL(200, reader.reply().status);
  CHECK_EQUAL(std::string("text/event-stream"), reader.reply().header("Content-Type"));
  CHECK_EQUAL(std::string("no"), reader.reply().header("X-Accel-Buffering"));
  LONGS_EQUAL(1, server.services().events->readers());
  auto source = server.source("/live");
  CHECK(reader.reply().has("event: source-connect"));
  CHECK(reader.reply().has("\"/live\""));
  source.close();
  CHECK(reader.reply().has("event: source-disconnect"));
}
TEST(EventStage, WhoWasAwayIsToldWhatHappenedSince) {
  server.start();
  auto reader = server.open("/admin/events", kAdminLogin);
  server.services().events->publish("one", "a");
  const std::string got = reader.got();
  const std::size_t at = got.find("\nid: ");
  CHECK(at != std::string::npos);
  const std::string id = got.substr(at + 5, got.find('\n', at + 5) - at - 5);
  reader.close();
  server.services().events->publish("two", "b");
  auto again = server.open("/admin/events", kAdminLogin + "Last-Event-ID: " + id + "\r\n");
  CHECK(again.reply().has("event: two"));
  CHECK_FALSE(again.reply().has("event: one"));
}
TEST(EventStage, AReaderKeepsItsPlaceAndIsWrittenDownAtItsEnd) {
  server.start();
  auto reader = server.open("/admin/events", kAdminLogin);
  LONGS_EQUAL(1, server.services().counters.clients.inside());
  server.clock.advance(3s);
  reader.close();
  LONGS_EQUAL(0, server.services().counters.clients.inside());
  LONGS_EQUAL(0, server.services().events->readers());
  CHECK(server.until([this] {
    return server.accesses().find("\"GET /admin/events HTTP/1.1\" 200") != std::string::npos;
  }));
  CHECK(server.accesses().find(" \"-\" \"-\" 3\n") != std::string::npos);
}
TEST(EventStage, OfTooManyReadersTheLastIsToldToComeLater) {
  server.start();
  std::vector<TestServer::Client> readers;
  for (int i = 0; i < 200; ++i) {
    readers.push_back(server.open("/admin/events", kAdminLogin));
    if (readers.back().reply().status != 200) break;
  }
  CHECK_EQUAL(503, readers.back().reply().status);
  CHECK_EQUAL(std::string("5"), readers.back().reply().header("Retry-After"));
  LONGS_EQUAL(readers.size() - 1, server.services().events->readers());
}
TEST(EventStage, APostIsNoReader) {
  server.start();
  CHECK(server.head("/admin/events", kAdminLogin).header("Content-Type") != "text/event-stream");
}

TEST(EventStage, OtherPartsOfTheServerAreToldEveryEvent) {
  server.start();
  server.services().events->on_event(
      [this](const ServerEvent& event) { told.push_back(event.type + " " + event.subject); });
  auto source = server.source("/live");
  server.services().drainer->begin({});
  CHECK(told == (std::vector<std::string>{"source-connect /live", "drain radio.test",
                                          "drained radio.test"}));
}
TEST(EventStage, TheProgramOfOnNodeEventIsRun) {
  server.start("<cluster><id>m1</id><on-node-event>" + program("hook") +
               "</on-node-event></cluster>");
  server.services().events->publish("custom", "it", {{"mount-type", "x"}});
  CHECK(server.until([this] {
    return server.directory.text("out").find("custom it m1 x\n") != std::string::npos;
  }));
}
TEST(EventStage, ANodeIsCalledByItsIdOrElseItsHost) {
  Config config;
  config.hostname = "host.test";
  CHECK_EQUAL(std::string("host.test"), node_name(config));
  config.cluster.id = "m1";
  CHECK_EQUAL(std::string("m1"), node_name(config));
}
