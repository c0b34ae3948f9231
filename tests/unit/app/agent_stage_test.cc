#include "app/endpoints/stages.h"
#include "app/test_server.h"

// Last, because it redefines `new`.
#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;

TEST_GROUP(AgentStage) {
  TestServer server;
  std::string file(const char* name, const char* text) { return server.directory.put(name, text); }
};

TEST(AgentStage, AProgramOfDenyAgentsIsTurnedAwayAndCounted) {
  server.paths = "<deny-agents>" + file("agents", "BadBot*\n") + "</deny-agents>";
  server.start();
  const Reply reply = server.get("/", "User-Agent: BadBot/2.0\r\n");
  LONGS_EQUAL(403, reply.status);
  CHECK(reply.has("Your program is not allowed here"));
  LONGS_EQUAL(1, server.refusals(Refusal::kAgent));
  CHECK(server.says("192.0.2.9 was refused because of its User-Agent \"BadBot/2.0\""));
  CHECK_EQUAL(200, server.get("/", "User-Agent: Good/1\r\n").status);
}
TEST(AgentStage, ALongUserAgentIsCutInTheLog) {
  server.paths = "<deny-agents>" + file("agents", "BadBot*\n") + "</deny-agents>";
  server.start();
  server.get("/", "User-Agent: BadBot" + std::string(200, 'x') + "\r\n");
  CHECK(server.says("\"BadBot" + std::string(64, 'x') + "\""));
}
TEST(AgentStage, AnAgentIsJudgedBeforeTheLimitOfClients) {
  server.paths = "<deny-agents>" + file("agents", "BadBot*\n") + "</deny-agents>";
  server.start();
  server.get("/", "User-Agent: BadBot\r\n");
  LONGS_EQUAL(0, server.services().counters.client_connections.load());
}
TEST(AgentStage, AnAddressOfDenyIpGetsNotAByte) {
  server.paths = "<deny-ip>" + file("deny", "192.0.2.66\n") + "</deny-ip>";
  server.start();
  auto client = server.client("192.0.2.66");
  client.say("GET / HTTP/1.0\r\n\r\n");
  CHECK_EQUAL(std::string(""), client.got());
  CHECK(client.finished());
  LONGS_EQUAL(1, server.refusals(Refusal::kAddress));
  CHECK_EQUAL(200, server.get("/", "", "192.0.2.67").status);
}
TEST(AgentStage, WithAllowIpOnlyItsAddressesAreWelcome) {
  server.paths = "<allow-ip>" + file("allow", "192.0.2.1\n") + "</allow-ip>";
  server.start();
  CHECK_EQUAL(0, server.get("/", "", "192.0.2.2").status);
  CHECK_EQUAL(200, server.get("/", "", "192.0.2.1").status);
}
TEST(AgentStage, AReloadLooksAtTheFilesAgain) {
  const std::string path = file("deny", "192.0.2.66\n");
  server.paths = "<deny-ip>" + path + "</deny-ip>";
  server.start();
  file("deny", "192.0.2.66\n192.0.2.67\n");
  server.reload();
  CHECK_EQUAL(0, server.get("/", "", "192.0.2.67").status);
}
