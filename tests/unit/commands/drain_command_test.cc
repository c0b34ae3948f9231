#include <fcntl.h>

#include "base/temporary_directory.h"
#include "commands/commands.h"
#include "stub_http.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(DrainCommand) {
  TemporaryDirectory directory;
  int seen_listeners = 0;  // what /_lb/health says
  int drain_status = 200;
  StubHttp server{[this](const std::string& request) {
    if (request.starts_with("POST /admin/drain"))
      return "HTTP/1.1 " + std::to_string(drain_status) + " X\r\nContent-Length: 0\r\n\r\n";
    return StubHttp::ok(
        "", "{\"state\":\"draining\",\"listeners\":" + std::to_string(seen_listeners) + "}");
  }};

  Options options(const std::string& sockets) {
    Options out;
    out.config_file =
        directory.put("icecast.xml",
                      "<icecast><authentication><source-password>s1</source-password>"
                      "<admin-user>boss</admin-user><admin-password>a1</admin-password>"
                      "</authentication>" +
                          sockets + "</icecast>");
    out.action = Options::Action::kDrain;
    return out;
  }
  std::string socket_on(int port, const std::string& more = {}) {
    return "<listen-socket><port>" + std::to_string(port) + "</port>" + more + "</listen-socket>";
  }
  int drain(const Options& given) {
    const int console = ::dup(STDERR_FILENO);
    const int quiet = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    ::dup2(quiet, STDERR_FILENO);
    const int status = drain_node(given);
    ::dup2(console, STDERR_FILENO);
    ::close(console);
    ::close(quiet);
    return status;
  }
};

TEST(DrainCommand, TellsTheServerAndWaitsUntilItIsEmpty) {
  Options given = options(socket_on(server.port()));
  given.drain_mode = "move";
  given.drain_seconds = 20;
  LONGS_EQUAL(0, drain(given));
  const auto asked = server.requests();
  LONGS_EQUAL(2, asked.size());
  CHECK(asked[0].starts_with("POST /admin/drain"));
  CHECK(asked[0].find("Authorization: Basic Ym9zczphMQ==") != std::string::npos);
  CHECK(asked[0].ends_with("mode=move&time=20"));
  CHECK(asked[1].starts_with("GET /_lb/health"));
}
TEST(DrainCommand, WithoutATimeTheConfigurationsCounts) {
  LONGS_EQUAL(0, drain(options(socket_on(server.port()))));
  CHECK(server.requests()[0].ends_with("mode=configured"));
}
TEST(DrainCommand, AServerThatRefusesIsAFailure) {
  drain_status = 401;
  LONGS_EQUAL(1, drain(options(socket_on(server.port()))));
  LONGS_EQUAL(1, server.requests().size());
}
TEST(DrainCommand, SocketsThatDoNotSpeakPlainHttpAreLeftOut) {
  LONGS_EQUAL(0, drain(options(socket_on(1, "<tls>1</tls>") +
                               socket_on(2, "<proxy-protocol>1</proxy-protocol>") +
                               socket_on(server.port()))));
}
TEST(DrainCommand, WithoutOneThatDoesItIsAFailure) {
  LONGS_EQUAL(1, drain(options(socket_on(1, "<tls>1</tls>"))));
  LONGS_EQUAL(1, drain(options(socket_on(0))));
}
TEST(DrainCommand, AServerThatIsNotThereIsAFailure) {
  LONGS_EQUAL(1, drain(options(socket_on(1, "<bind-address>127.0.0.1</bind-address>"))));
}
TEST(DrainCommand, AFileThatIsNotThereIsAFailure) {
  Options given;
  given.config_file = directory.file("none.xml");
  LONGS_EQUAL(1, drain(given));
}
