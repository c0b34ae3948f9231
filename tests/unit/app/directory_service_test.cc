#include "app/pages/directory_service.h"

#include <string>
#include <utility>
#include <vector>

#include "app/test_server.h"
#include "stub_http.h"

// Last, because it redefines `new`.
#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

TEST_GROUP(DirectoryService) {
  StubHttp yp{StubHttp::ok("YPResponse: 1\r\nSID: 77\r\nTouchFreq: 60\r\n")};
  TestServer server;

  void start(const std::string& more = {}) {
    server.start("<directory><yp-url>" + yp.url("/yp") + "</yp-url></directory>" + more);
  }
  // Looks until the directory has been asked so often; each look comes a minute later.
  bool asked(std::size_t times) {
    return server.until([&] {
      server.clock.advance(61s);
      return yp.forms().size() >= times;
    });
  }
};

// Each takes a second or two: the service looks once a second.
TEST(DirectoryService, OfHiddenMountsThoseAreAddedThatTheConfigurationCallsPublic) {
  start(
      "<mount><mount-name>/told</mount-name><public>1</public><hidden>1</hidden></mount>"
      "<mount><mount-name>/encoder</mount-name><hidden>1</hidden></mount>");
  auto told = server.source("/told", "ice-public: 0\r\n");
  auto encoder = server.source("/encoder", "ice-public: 1\r\n");
  CHECK(asked(1));
  server.turn();
  LONGS_EQUAL(1, yp.forms().size());
  CHECK(yp.forms().front().find("%2ftold&") != std::string::npos);
}
TEST(DirectoryService, PublicStreamsAreAddedInTheConfigurationsWordsOrTheirOwn) {
  start(
      "<mount><mount-name>/mine</mount-name><public>1</public><stream-name>Mine</stream-name>"
      "<bitrate>64</bitrate></mount>"
      "<mount><mount-name>/hidden</mount-name><hidden>1</hidden></mount>"
      "<mount><mount-name>/private</mount-name><public>0</public></mount>");
  const std::string open = "ice-name: My Radio\r\nice-public: 1\r\nice-bitrate: 96\r\n";
  auto live = server.source("/live", open);
  auto mine = server.source("/mine", "ice-name: N\r\nice-public: 0\r\n");
  auto hidden = server.source("/hidden", open), closed = server.source("/private", open);
  auto quiet = server.source("/quiet");
  CHECK(asked(2));
  server.turn();
  LONGS_EQUAL(2, yp.forms().size());
  // On two connections: the second may come first.
  std::vector<std::string> forms = yp.forms();
  if (forms[0].find("sn=Mine&") != std::string::npos) std::swap(forms[0], forms[1]);
  const std::string &form = forms[0], &own = forms[1];
  CHECK(form.find("action=add&") != std::string::npos);
  CHECK(form.find("sn=My%20Radio&") != std::string::npos);
  CHECK(form.find("listenurl=http%3a%2f%2fradio%2etest%3a8000%2flive&") != std::string::npos);
  CHECK(form.find("b=96&") != std::string::npos);
  CHECK(own.find("sn=Mine&") != std::string::npos);
  CHECK(own.find("b=64&") != std::string::npos);
}
TEST(DirectoryService, WhenTheServerStopsItsStreamsAreRemoved) {
  start();
  auto source = server.source("/live", "ice-public: 1\r\n");
  CHECK(asked(2));  // the second is a touch: it has been taken
  bool done = false;
  server.services().directory->stop([&done] { done = true; });
  CHECK(server.until([&] { return done; }));
  CHECK(yp.forms().back().find("action=remove&sid=77") != std::string::npos);
}
TEST(DirectoryService, OfManyStreamsEightAreAnnouncedAtATime) {
  yp.answer_with("");
  start();
  std::vector<TestServer::Client> sources;
  for (int i = 0; i < 12; ++i)
    sources.push_back(server.source("/" + std::to_string(i), "ice-public: 1\r\n"));
  CHECK(asked(8));
  for (int i = 0; i < 100; ++i) server.turn();
  LONGS_EQUAL(8, yp.forms().size());
}
TEST(DirectoryService, WithoutADirectoryItStopsAtOnce) {
  server.start();
  bool done = false;
  server.services().directory->stop([&done] { done = true; });
  server.turn();
  CHECK(done);
}
