#include "app/cluster/cluster_service.h"
#include "app/join/stages.h"
#include "app/request/auth_sections.h"
#include "app/request/password_guesses.h"
#include "app/test_server.h"
#include "app/topology/cluster_facts.h"
#include "cluster/relay/pull_mark.h"
#include "stub_http.h"

// Last, because it redefines `new`.
#include "auth/guard/throttle.h"
#include "stream/mount/mount.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

TEST_GROUP(AuthStage) {
  TestServer server;

  // anna's password is "secret".
  std::string with_users(const std::string& name = "/live") {
    const std::string users =
        server.directory.put("users", "anna:5ebe2294ecd0e0f08eab7690d2a6ee69\n");
    return "<mount><mount-name>" + name +
           "</mount-name><authentication type=\"htpasswd\">"
           "<option name=\"filename\" value=\"" +
           users + "\"/></authentication></mount>";
  }
  std::string with_backend(const StubHttp& backend) {
    return "<mount><mount-name>/live</mount-name><authentication type=\"url\">"
           "<option name=\"listener_add\" value=\"" +
           backend.url("/add") +
           "\"/>"
           "<option name=\"listener_remove\" value=\"" +
           backend.url("/remove") +
           "\"/>"
           "</authentication></mount>";
  }
  std::string lines_of_pull(const std::string& secret, std::uint64_t number,
                            const std::string& mount = "/live") {
    const auto facts = server.services().cluster->facts();
    PullMark mark{"edge1", "0a0b0c0d", facts->mark, number, unix_seconds(server.clock.wall())};
    return "X-LB-Relay: edge1.0a0b0c0d\r\nVia: 1.1 edge1.0a0b0c0d\r\n" +
           pull_line(mark, secret, mount);
  }
  // The status, once the authenticator has said something.
  int status_of(TestServer::Client & client) {
    CHECK(server.until([&] { return !client.waits(); }));
    return client.reply().status;
  }
};

namespace {
const std::string kNodes =
    "<cluster><id>m1</id><node id=\"edge1\" secret=\"nodesecret\"/></cluster>";
}

TEST(AuthStage, WithoutAPasswordItIs401) {
  auto source = server.start(with_users()).source("/live");
  auto listener = server.open("/live");
  LONGS_EQUAL(401, status_of(listener));
  LONGS_EQUAL(1, server.refusals(Refusal::kLogin));
  LONGS_EQUAL(0, server.mount("/live")->listeners());
}
TEST(AuthStage, TheRightPasswordListens) {
  auto source = server.start(with_users()).source("/live");
  auto listener = server.open("/live", basic("anna:secret"));
  LONGS_EQUAL(200, status_of(listener));
  LONGS_EQUAL(1, server.mount("/live")->listeners());
}
TEST(AuthStage, AWrongPasswordIs401AndAfterManyOfThem429) {
  auto source = server.start(with_users()).source("/live");
  for (int i = 0; i < PasswordThrottle::kFree; ++i) {
    auto listener = server.open("/live", basic("anna:wrong"));
    LONGS_EQUAL(401, status_of(listener));
  }
  auto listener = server.open("/live", basic("anna:wrong"));
  LONGS_EQUAL(429, status_of(listener));
  auto elsewhere = server.open("/live", basic("anna:wrong"), "192.0.2.10");
  LONGS_EQUAL(401, status_of(elsewhere));
  auto right = server.open("/live", basic("anna:secret"));
  LONGS_EQUAL(200, status_of(right));
}
TEST(AuthStage, NobodyIsAskedForAMountThatDoesNotPlayUnderAPattern) {
  server.start(with_users("/*"));
  CHECK_EQUAL(200, server.get("/status-json.xsl").status);
  CHECK_EQUAL(200, server.get("/style.css").status);
  CHECK_EQUAL(404, server.get("/live").status);
}
TEST(AuthStage, ASectionWithExactlyItsNameProtectsAFile) {
  server.start(with_users("/style.css"));
  auto client = server.open("/style.css");
  LONGS_EQUAL(401, status_of(client));
  auto anna = server.open("/style.css", basic("anna:secret"));
  LONGS_EQUAL(200, status_of(anna));
}
TEST(AuthStage, AServersRelayPasswordIsNoListenersPassword) {
  auto source = server.start(with_users()).source("/live");
  auto relay = server.open("/live", basic("relay:relaypass"));
  LONGS_EQUAL(401, status_of(relay));
}
TEST(AuthStage, ANodeThatShowsItsSecretIsNotAskedAbout) {
  auto source = server.start(kNodes + with_users()).source("/live");
  CHECK_EQUAL(200, server.open("/live", basic("edge1:nodesecret")).reply().status);
}
TEST(AuthStage, ANodeThatProvesItselfByAMarkIsLetInOnce) {
  auto source = server.start(kNodes + with_users()).source("/live");
  const std::string lines = lines_of_pull("nodesecret", 1);
  auto pull = server.open("/live", lines);
  LONGS_EQUAL(200, status_of(pull));
  LONGS_EQUAL(1, server.mount("/live")->relays());
  auto replayed = server.open("/live", lines);
  LONGS_EQUAL(403, status_of(replayed));
  CHECK(replayed.reply().has("This mark of a node is not valid here"));
}
TEST(AuthStage, AForgedMarkIsRefusedAndCountsAsAGuess) {
  auto source = server.start(kNodes + with_users()).source("/live");
  for (int i = 1; i <= PasswordThrottle::kFree; ++i)
    CHECK_EQUAL(403, server.get("/live", lines_of_pull("wrong", static_cast<unsigned>(i))).status);
  CHECK_EQUAL(429, server.get("/live", lines_of_pull("nodesecret", 99)).status);
  LONGS_EQUAL(PasswordThrottle::kFree, server.refusals(Refusal::kLogin));
}
TEST(AuthStage, AMarkForAnotherMountIsRefused) {
  auto source = server.start(kNodes + with_users()).source("/live");
  CHECK_EQUAL(403, server.get("/live", lines_of_pull("nodesecret", 1, "/other")).status);
}
TEST(AuthStage, ABackendIsAskedAndToldTheEnd) {
  StubHttp backend(StubHttp::ok("icecast-auth-user: 1\r\n"));
  auto source = server.start(with_backend(backend)).source("/live");
  auto listener = server.open("/live");
  LONGS_EQUAL(200, status_of(listener));
  listener.close();
  source.say(mp3_frames(1));
  CHECK(server.until([&] { return backend.requests().size() == 2; }));
  CHECK(backend.requests()[0].find("action=listener_add") != std::string::npos);
  CHECK(backend.requests()[1].find("action=listener_remove") != std::string::npos);
}
TEST(AuthStage, ABackendMayRefuse) {
  StubHttp backend(StubHttp::ok());
  auto source = server.start(with_backend(backend)).source("/live");
  auto listener = server.open("/live");
  LONGS_EQUAL(401, status_of(listener));
}
TEST(AuthStage, ABackendMayLimitTheTime) {
  StubHttp backend(StubHttp::ok("icecast-auth-user: 1\r\nicecast-auth-timelimit: 30\r\n"));
  auto source = server.start(with_backend(backend)).source("/live");
  auto listener = server.open("/live");
  LONGS_EQUAL(200, status_of(listener));
  server.clock.advance(31s);
  source.say(mp3_frames(1));
  CHECK(server.until([&] { return listener.finished(); }));
}
// It had no limit.
TEST(AuthStage, ATimeLimitOfZeroIsOverAtOnce) {
  StubHttp backend(StubHttp::ok("icecast-auth-user: 1\r\nicecast-auth-timelimit: 0\r\n"));
  auto source = server.start(with_backend(backend)).source("/live");
  auto listener = server.open("/live");
  LONGS_EQUAL(403, status_of(listener));
  CHECK(server.until([&] { return backend.requests().size() == 2; }));
  CHECK(backend.requests()[1].find("action=listener_remove") != std::string::npos);
}
TEST(AuthStage, WhoGoesWhileTheBackendThinksIsToldToItAllTheSame) {
  StubHttp backend("");  // silent
  auto source = server.start(with_backend(backend)).source("/live");
  auto listener = server.open("/live");
  CHECK(server.until([&] { return backend.requests().size() == 1; }));
  listener.close();
  LONGS_EQUAL(0, server.mount("/live")->listeners());
}

TEST(AuthStage, EveryPasswordOfTheConfigurationIsKnown) {
  server.start(
      "<mount><mount-name>/live</mount-name><username>dj</username><password>own</password></"
      "mount>");
  const auto known = [&](const char* user, const char* password) {
    return is_known_password(*server.config(), {user, password});
  };
  CHECK(known("admin", "rootpass"));
  CHECK(known("relay", "relaypass"));
  CHECK(known("source", "sourcepass"));
  CHECK(known("dj", "own"));
  CHECK_FALSE(known("dj", "sourcepass"));
  CHECK_FALSE(known("admin", "own"));
}
TEST(AuthStage, SectionsAreThoseWithAnAuthenticator) {
  server.start(with_users() + "<mount><mount-name>/free</mount-name></mount>");
  const auto sections = auth_sections(*server.config());
  LONGS_EQUAL(1, sections.size());
  CHECK_EQUAL(std::string("/live"), sections[0].name);
  CHECK_EQUAL(std::string("htpasswd"), sections[0].type);
}
