#include "app/server.h"

#include "app/services/event_service.h"
#include "app/switch_service.h"
#include "app/test_server.h"
#include "stream/mount/mount.h"

// Last, because it redefines `new`.
#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

namespace {

std::string socket_on(int port, const std::string& more = {}) {
  return "<listen-socket><port>" + std::to_string(port) +
         "</port><bind-address>127.0.0.1</bind-address>" + more + "</listen-socket>";
}
// Connected to this port of the loopback.
UniqueFd connect_to(int port, int type = SOCK_STREAM) {
  UniqueFd fd(::socket(AF_INET, type | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    fd.reset();
  return fd;
}
std::string read_now(int fd) {
  char buffer[4096];
  const auto n = ::recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);
  return n > 0 ? std::string(buffer, static_cast<std::size_t>(n)) : std::string();
}
std::shared_ptr<ListenSocket> open_port(int port) {
  ListenSettings settings;
  settings.bind_address = "127.0.0.1";
  auto socket = ListenSocket::open(settings, port, false, 1);
  return socket ? *socket : nullptr;
}
int free_port() {
  const auto socket = open_port(0);
  return socket ? socket->port : 0;
}
// The port behind it is free too: that of Shoutcast's sources.
int free_pair() {
  for (int tries = 0; tries < 100; ++tries)
    if (const int port = free_port(); port < 65'535 && open_port(port + 1)) return port;
  return 0;
}

}  // namespace

TEST_GROUP(Server) {
  std::vector<std::string> events;  // hears the server's end
  TestServer server;

  void reload(const std::string& inside) {
    server.write_config(inside);
    server.reload();
  }
  void hear_events() {
    server.services().events->on_event([this](const ServerEvent& event) {
      std::string text = event.type;
      for (const auto& [name, value] : event.details) text += " " + value;
      events.push_back(text);
    });
  }
};

TEST(Server, AReloadIsSeenByEverybodyWhoReadsTheConfiguration) {
  auto source = server.start().source("/live");
  reload(
      "<hostname>new.test</hostname><mount><mount-name>/live</mount-name><hidden>1</hidden></"
      "mount>");
  CHECK_EQUAL(std::string("new.test"), server.config()->hostname);
  CHECK(server.mount("/live")->settings()->hidden);
  CHECK(server.says("configuration re-read from " + server.config_path()));
  LONGS_EQUAL(1, server.services().counters.reloads.load());
}
TEST(Server, AReloadTellsWhatIsDifferent) {
  server.start();
  server.limits = "<clients>77</clients>";
  reload("");
  CHECK(server.says("limits/clients"));
  CHECK(server.says(", 1 change") && !server.says(", 1 changes"));
}
TEST(Server, AFileThatIsNoConfigurationLeavesTheOldOne) {
  server.start("<location>Old</location>");
  hear_events();
  server.directory.put("icecast.xml", "<icecast><hostname>");
  server.reload();
  CHECK_EQUAL(std::string("Old"), server.config()->location);
  CHECK(server.says("Error parsing config file " + server.config_path()));
  CHECK(server.says("the old configuration stays"));
  LONGS_EQUAL(1, server.services().counters.failed_reloads.load());
  CHECK(events == std::vector<std::string>{"reload refused"});
}
TEST(Server, APasswordFromAnExampleRefusesTheWholeFile) {
  server.start("<location>Old</location>");
  server.directory.put("icecast.xml",
                       "<icecast><location>New</location><authentication><source-password>hackme"
                       "</source-password></authentication></icecast>");
  server.reload();
  CHECK_EQUAL(std::string("Old"), server.config()->location);
  LONGS_EQUAL(1, server.services().counters.failed_reloads.load());
}
TEST(Server, OfReloadsThatComeTogetherTheLastFileWins) {
  server.start();
  hear_events();
  server.write_config("<location>One</location>");
  server.server().reload();
  server.server().reload();
  server.server().reload();
  server.write_config("<location>Two</location>");
  server.turn();
  CHECK_EQUAL(std::string("Two"), server.config()->location);
  LONGS_EQUAL(2, events.size());
}
TEST(Server, AReloadChangesTheWebRoot) {
  server.start();
  server.put_web("a.txt", "old");
  server.directory.put("b.txt", "new");
  CHECK_EQUAL(std::string("old"), server.get("/a.txt").body);
  server.paths = "<webroot>" + server.directory.file("other") + "</webroot>";
  std::filesystem::create_directories(server.directory.file("other"));
  server.directory.put("other/a.txt", "new");
  reload("");
  CHECK_EQUAL(std::string("new"), server.get("/a.txt").body);
}
TEST(Server, AReloadChangesThePasswords) {
  server.start();
  CHECK_EQUAL(401, server.get("/admin/stats", basic("boss:other")).status);
  reload(
      "<authentication><admin-user>boss</admin-user><admin-password>other</admin-password></"
      "authentication>");
  CHECK_EQUAL(200, server.get("/admin/stats", basic("boss:other")).status);
}
TEST(Server, TheLogsAreOpenedAgainAfterARename) {
  server.start();
  std::filesystem::rename(server.directory.file("error.log"), server.directory.file("moved.log"));
  server.server().rotate_logs();
  server.turn();
  server.log_line("after");
  CHECK(server.says("after"));
  CHECK(server.directory.text("moved.log").find("after") == std::string::npos);
}

TEST(Server, EndsItsListenersAndSourcesWhenItStops) {
  server.start();
  hear_events();
  auto source = server.source("/live");
  auto listener = server.open("/live");
  server.server().stop();
  server.turn();
  CHECK(listener.finished());
  CHECK(source.finished());
  CHECK(events.back() == "source-disconnect audio/mpeg 192.0.2.77  0" || events[1] == "stop");
}
TEST(Server, TermEndsItAtOnceWhereNothingIsSaid) {
  auto source = server.start().source("/live");
  server.server().terminate();
  server.turn();
  CHECK(source.finished());
}
TEST(Server, TermDrainsWhereTheConfigurationSaysSo) {
  server.start("<cluster><drain mode=\"soft\" time=\"30\"/></cluster>");
  auto source = server.source("/live");
  auto listener = server.open("/live");
  server.server().terminate();
  server.turn();
  CHECK(server.services().drain.draining());
  CHECK_FALSE(listener.finished());
  listener.close();
  source.say(mp3_frames(1));
  server.clock.advance(1s);
  CHECK(server.until([&] { return source.finished(); }));
}
TEST(Server, ASecondTermEndsItAtOnce) {
  server.start("<cluster><drain mode=\"soft\" time=\"30\"/></cluster>");
  auto source = server.source("/live");
  auto listener = server.open("/live");
  server.server().terminate();
  server.turn();
  server.server().terminate();
  server.turn();
  CHECK(listener.finished());
}
TEST(Server, ADrainThatMovesClosesTheOldestOfAllWorkers) {
  server.limits = "<threads>2</threads>";
  auto source = server.start().source("/live");
  auto first = server.open("/live"), second = server.open("/live");
  server.services().drainer->begin({});
  CHECK_FALSE(first.finished());
  DrainOrder hard;
  hard.mode = DrainMode::kHard;
  server.services().drainer->begin(hard);
  server.turn();
  CHECK(first.finished() && second.finished());
  CHECK(server.services().drain.draining());
}

// -- sockets
// -----------------------------------------------------------------------------------------

TEST(Server, ServesOnTheSocketsOfItsConfiguration) {
  server.start_bound();
  const UniqueFd client = connect_to(server.port());
  CHECK(client.get() >= 0);
  const std::string request = "GET /_lb/live HTTP/1.0\r\n\r\n";
  LONGS_EQUAL(request.size(), ::send(client.get(), request.data(), request.size(), 0));
  std::string got;
  CHECK(server.until(
      [&] { return (got += read_now(client.get())).find("alive") != std::string::npos; }));
}
TEST(Server, AReloadOpensAndClosesSocketsAndLeavesConnections) {
  server.start_bound();
  const int before = server.port();
  const UniqueFd kept = connect_to(before);
  server.turn();
  const int next = free_port();
  reload(socket_on(next));
  CHECK(server.server().sockets().ports() == std::vector<int>{next});
  CHECK(server.says("port " + std::to_string(before) + " is closed"));
  CHECK(server.says("port " + std::to_string(next) + " is open"));
  CHECK_FALSE(connect_to(before).get() >= 0);
  CHECK(connect_to(next).get() >= 0);
  ::send(kept.get(), "GET /_lb/live HTTP/1.0\r\n\r\n", 27, 0);
  std::string got;
  CHECK(server.until(
      [&] { return (got += read_now(kept.get())).find("alive") != std::string::npos; }));
}
TEST(Server, ASocketThatStaysGetsItsNewSettings) {
  const int port = free_pair();
  server.make(socket_on(port));
  CHECK(server.server().bind().has_value());
  reload(socket_on(port, "<shoutcast-mount>/sc</shoutcast-mount>"));
  const auto& open = server.server().sockets().open_sockets();
  LONGS_EQUAL(2, open.size());
  CHECK_EQUAL(std::string("/sc"), open[0]->settings.shoutcast_mount);
  CHECK(open[1]->shoutcast);
  LONGS_EQUAL(port + 1, open[1]->port);
}
TEST(Server, APortThatIsTakenIsNamedAndTheOthersAreOpened) {
  TestServer first;
  first.start_bound();
  const int other = free_port();
  server.make(socket_on(first.port()) + socket_on(other));
  CHECK(server.server().bind().has_value());
  CHECK(server.server().sockets().ports() == std::vector<int>{other});
  CHECK(server.says("it is tried again"));
}
TEST(Server, WithoutASingleSocketItDoesNotStart) {
  TestServer first;
  first.start_bound();
  server.make(socket_on(first.port()));
  CHECK_FALSE(server.server().bind().has_value());
  CHECK(server.says("no port is open, and the server does not start"));
}
TEST(Server, ASocketForTlsStaysClosedWithoutACertificate) {
  const int port = free_port();
  server.make(socket_on(port, "<tls>1</tls>") + socket_on(0));
  CHECK(server.server().bind().has_value());
  LONGS_EQUAL(1, server.server().sockets().ports().size());
  CHECK_FALSE(connect_to(port).get() >= 0);
  CHECK(server.says("it stays closed until there is one"));
}

// -- switches
// ----------------------------------------------------------------------------------------

TEST(Server, DatagramsToThePortsAreAnsweredWhileTheNodeServes) {
  server.start_bound("<cluster><id>m1</id><udp>1</udp></cluster>");
  const UniqueFd balancer = connect_to(server.port(), SOCK_DGRAM);
  const auto asked = [&](std::string_view question) {
    ::send(balancer.get(), question.data(), question.size(), 0);
    std::string got;
    bool refused = false;
    server.until([&] {
      errno = 0;
      got += read_now(balancer.get());
      refused = refused || errno == ECONNREFUSED;
      return !got.empty() || refused;
    });
    return got;
  };
  CHECK_EQUAL(std::string("m1 up 0%\n"), asked("how are you, node?"));
  CHECK_EQUAL(std::string("m1 u"), asked("four"));
  server.services().drainer->begin({});
  CHECK_EQUAL(std::string(""), asked("how are you, node?"));
  CHECK(server.services().drainer->cancel());
  CHECK_EQUAL(std::string("m1 up 0%\n"), asked("how are you, node?"));
}
TEST(Server, HaproxysAgentIsToldOneLine) {
  const int port = free_port();
  server.limits = "<clients>500</clients>";
  server.start_bound("<cluster><agent port=\"" + std::to_string(port) +
                     "\" bind-address=\"127.0.0.1\"/></cluster>");
  const auto line = [&] {
    const UniqueFd agent = connect_to(port);
    std::string got;
    server.until([&] { return !(got += read_now(agent.get())).empty(); });
    return got;
  };
  CHECK_EQUAL(std::string("up ready 100% maxconn:500\n"), line());
  server.services().drainer->begin({});
  CHECK_EQUAL(std::string("drain\n"), line());
}
TEST(Server, AReloadOpensAndClosesTheAgentsPort) {
  const int port = free_port();
  server.start();
  CHECK_FALSE(connect_to(port).get() >= 0);
  reload("<cluster><agent port=\"" + std::to_string(port) +
         "\" bind-address=\"127.0.0.1\"/></cluster>");
  CHECK(connect_to(port).get() >= 0);
  reload("");
  CHECK_FALSE(connect_to(port).get() >= 0);
}
