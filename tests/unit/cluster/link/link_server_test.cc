#include "cluster/link/link_server.h"

#include <cerrno>
#include <string>
#include <vector>

#include "cluster/link/link_bench.h"
#include "cluster/link/link_client.h"
#include "http/parser.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

TEST_GROUP(FailureGuard) {
  FailureGuard guard;
  SteadyTime now{100s};
  Address a = *Address::parse("192.0.2.1", 1000), b = *Address::parse("192.0.2.2", 1000);
};
TEST(FailureGuard, FiveFailuresShutTheDoorForAMinute) {
  for (std::size_t i = 1; i <= 4; ++i) CHECK_EQUAL(i, guard.failed(a, "e1", now));
  CHECK(guard.allows(a, "e1", now));
  CHECK_EQUAL(5u, guard.failed(a, "e1", now));
  CHECK_FALSE(guard.allows(a, "e1", now));
  CHECK_FALSE(guard.allows(a.with_port(7), "e1", now));
  CHECK(guard.allows(b, "e1", now));
  CHECK_FALSE(guard.allows(a, "e1", now + 60s));
  CHECK(guard.allows(a, "e1", now + 61s));
}
TEST(FailureGuard, OneThatFailsShutsOutNoOtherBehindItsAddress) {
  for (int i = 0; i < 9; ++i) {
    guard.failed(a, "e2", now);
    guard.failed(a, "", now);
  }
  CHECK_FALSE(guard.allows(a, "e2", now));
  CHECK_FALSE(guard.allows(a, "", now));
  CHECK(guard.allows(a, "e1", now));
}
TEST(FailureGuard, OneThatWasLinkedFromThereIsAlwaysHeard) {
  guard.succeeded(a, "e1");
  for (int i = 0; i < 9; ++i) {
    guard.failed(a, "e1", now);
    guard.failed(b, "e1", now);
  }
  CHECK(guard.allows(a, "e1", now));
  CHECK_FALSE(guard.allows(b, "e1", now));
}
TEST(FailureGuard, FailuresAreForgottenWhenItIsTold) {
  for (int i = 0; i < 5; ++i) guard.failed(a, "e1", now);
  guard.forget_failures();
  CHECK(guard.allows(a, "e1", now));
  CHECK_EQUAL(1u, guard.failed(a, "e1", now));
}
TEST(FailureGuard, FailuresThatAreFarApartDoNotShutIt) {
  for (int i = 0; i < 50; ++i) {
    now += 16s;
    CHECK(guard.failed(a, "", now) < FailureGuard::kMaxFailures);
    CHECK(guard.allows(a, "", now));
  }
}
TEST(FailureGuard, RemembersOnlySoManyAddresses) {
  for (int i = 0; i < 5; ++i) guard.failed(b, "", now);
  for (std::size_t i = 0; i < 2 * FailureGuard::kMaxRows; ++i)
    guard.failed(*Address::parse("10." + std::to_string(i >> 16) + "." +
                                     std::to_string((i >> 8) & 255) + "." + std::to_string(i & 255),
                                 0),
                 "", now + 1s);
  CHECK(guard.allows(b, "", now + 1s));  // forgotten
}

TEST_GROUP(LinkUpgrade){static bool asks(const std::string& head){RequestParser parser;
parser.feed(head);
return parser.status() == ParseStatus::kDone && asks_for_link(parser.request());
}
}
;
TEST(LinkUpgrade, IsAGetWithTheProtocolsName) {
  CHECK(asks(link_request({"m1", 8100, true, ""}, "Test\r\nX: y", "")));
  CHECK(
      asks("GET /admin/cluster HTTP/1.1\r\nconnection: keep-alive, UPGRADE\r\nupgrade: "
           "LBEDGE-cluster/1\r\n\r\n"));
  CHECK_FALSE(asks("GET /admin/cluster HTTP/1.1\r\nUpgrade: lbedge-cluster/1\r\n\r\n"));
  CHECK_FALSE(asks("GET /admin/cluster HTTP/1.1\r\nConnection: Upgrade\r\n\r\n"));
  CHECK_FALSE(asks(
      "GET /admin/cluster HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: lbedge-cluster/2\r\n\r\n"));
  CHECK_FALSE(asks(
      "GET /admin/cluster HTTP/1.0\r\nConnection: Upgrade\r\nUpgrade: lbedge-cluster/1\r\n\r\n"));
  CHECK_FALSE(asks(
      "POST /admin/cluster HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: lbedge-cluster/1\r\n\r\n"));
  CHECK_FALSE(asks(
      "GET /admin/stats HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: lbedge-cluster/1\r\n\r\n"));
}
TEST(LinkUpgrade, TheRequestByteByByte) {
  STRCMP_EQUAL(
      "GET /admin/cluster HTTP/1.1\r\nHost: [2001:db8::1]:8443\r\nUser-Agent: Icecast 2.4.4\r\n"
      "Connection: Upgrade\r\nUpgrade: lbedge-cluster/1\r\nAuthorization: Basic "
      "ZWRnZTE6cw==\r\n\r\n",
      link_request({"2001:db8::1", 8443, true, ""}, "Icecast 2.4.4", "edge1:s").c_str());
}

TEST_GROUP(LinkServer) {
  LinkBench bench;
  std::shared_ptr<const ListenSocket> socket = link_socket();
  Resolver resolver{bench.loop()};
  std::vector<std::string> ids;
  int keys_asked = 0;
  std::string leftover;
  std::unique_ptr<Transport> accepted;
  std::unique_ptr<LinkServer> server;
  std::vector<std::unique_ptr<Client>> clients;
  std::vector<std::string> answers;

  void setup() override {
    server = std::make_unique<LinkServer>(
        bench.loop(), bench.log(), socket,
        LinkServer::Callbacks{
            [this](std::string_view id) -> std::optional<std::string> {
              ++keys_asked;
              if (id != "edge1" && id != "edge2") return std::nullopt;
              return psk_from_secret(id, "s-" + std::string(id));
            },
            [this](std::string id, std::unique_ptr<Transport> transport, std::string rest) {
              ids.push_back(std::move(id));
              accepted = std::move(transport);
              leftover = std::move(rest);
            }});
  }
  void teardown() override {
    clients.clear();
    accepted.reset();
    server.reset();
    bench.turn();
  }
  // The status of the answer, or what went wrong.
  std::string ask(const std::string& head, const std::string& id = "edge1",
                  const std::string& secret = "s-edge1") {
    Connector connector(bench.loop(), resolver, make_tls_with_psk(id, psk_from_secret(id, secret)));
    ClientRequest request;
    request.target = {"127.0.0.1", static_cast<std::uint16_t>(socket->port), true, ""};
    request.head = head;
    std::string outcome;
    Client client(connector, std::move(request), [&](Result<ClientAnswer> answer) {
      outcome = answer ? std::to_string(answer->response.status) : answer.error().what;
      if (answer) kept = std::move(answer->transport);
    });
    bench.until([&] { return !outcome.empty(); });
    return outcome;
  }
  std::vector<UniqueFd> connect_idle(std::size_t count) {
    std::vector<UniqueFd> idle;
    sockaddr_storage to{};
    const auto size =
        Address::parse("127.0.0.1", static_cast<std::uint16_t>(socket->port))->to_sockaddr(to);
    for (std::size_t i = 0; i < count; ++i) {
      idle.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
      LONGS_EQUAL(0, ::connect(idle.back().get(), reinterpret_cast<sockaddr*>(&to), size));
      if (i % 64 == 63) bench.turn();
    }
    bench.turn(20ms);
    return idle;
  }
  std::unique_ptr<Transport> kept;
  std::string good() const { return link_request(socket_target(), "Test", ""); }
  ConnectTarget socket_target() const {
    return {"127.0.0.1", static_cast<std::uint16_t>(socket->port), true, ""};
  }
};

TEST(LinkServer, HandsOverWhoHasTheKeyAndAsks) {
  STRCMP_EQUAL("101", ask(good() + "{\"t\":").c_str());
  LONGS_EQUAL(1, ids.size());
  STRCMP_EQUAL("edge1", ids[0].c_str());
  STRCMP_EQUAL("{\"t\":", leftover.c_str());
}
TEST(LinkServer, WhoAsksForSomethingElseIsToldWhatThereIs) {
  STRCMP_EQUAL("426", ask("GET / HTTP/1.0\r\n\r\n").c_str());
  LONGS_EQUAL(0, ids.size());
  CHECK(bench.captured.says("127.0.0.1 is not a node: did not ask for the link"));
}
TEST(LinkServer, AStrangerGetsNoFurtherThanTheHandshake) {
  STRCMP_CONTAINS("cannot be reached (TLS", ask(good(), "edge1", "wrong").c_str());
  STRCMP_CONTAINS("cannot be reached (TLS", ask(good(), "edge7", "s-edge1").c_str());
  LONGS_EQUAL(0, ids.size());
}
TEST(LinkServer, WhoFailsTooOftenIsNotHeard) {
  for (int i = 0; i < 5; ++i) ask(good(), "edge1", "wrong" + std::to_string(i));
  CHECK(bench.captured.says("5 times within a minute and is refused until that is over"));
  const std::string after = ask(good());
  CHECK(after != "101");
  LONGS_EQUAL(0, ids.size());
}
TEST(LinkServer, AWrongSecretShutsOutOnlyTheNodeThatHasIt) {
  for (int i = 0; i < 7; ++i) ask(good(), "edge2", "wrong" + std::to_string(i));
  CHECK(bench.captured.says(
      "node edge2 from 127.0.0.1: its secret is not that of <node id=\"edge2\"> "
      "here (5 times; "));
  STRCMP_EQUAL("101", ask(good()).c_str());
  CHECK("101" != ask(good(), "edge2", "s-edge2"));
  server->forget_failures();  // the configuration is another one
  STRCMP_EQUAL("101", ask(good(), "edge2", "s-edge2").c_str());
}
// As by a network that breaks in that moment: the secret may be right.
TEST(LinkServer, AHandshakeThatIsCutOffShutsNoNodeOut) {
  for (int i = 0; i < 7; ++i) {
    Connector connector(bench.loop(), resolver,
                        make_tls_with_psk("edge2", psk_from_secret("edge2", "s-edge2")));
    ClientRequest request;
    request.target = socket_target();
    request.head = good();
    const int before = keys_asked;
    Client client(connector, std::move(request), [](Result<ClientAnswer>) {});
    bench.until([&] { return keys_asked > before; });
  }
  bench.until(
      [&] { return bench.captured.says("node edge2 from 127.0.0.1: its handshake was cut"); });
  CHECK_FALSE(bench.captured.says("its secret is not"));
  STRCMP_EQUAL("101", ask(good(), "edge2", "s-edge2").c_str());
}
TEST(LinkServer, ANodeThatWasLinkedIsHeardWhateverIsDoneInItsName) {
  server->node_linked("edge1", *Address::parse("127.0.0.1", 1));
  for (int i = 0; i < 7; ++i) ask(good(), "edge1", "wrong" + std::to_string(i));
  STRCMP_EQUAL("101", ask(good()).c_str());
}
TEST(LinkServer, StrangersShutOutNoNodeBehindTheirAddress) {
  for (int i = 0; i < 7; ++i) ask(good(), "edge" + std::to_string(70 + i), "wrong");
  STRCMP_EQUAL("101", ask(good()).c_str());
  // And they may have only so many connections there.
  auto idle = connect_idle(LinkServer::kMaxOfShut + 5);
  char byte = 0;
  std::size_t ended = 0;
  for (const UniqueFd& fd : idle) ended += ::recv(fd.get(), &byte, 1, MSG_DONTWAIT) == 0 ? 1 : 0;
  LONGS_EQUAL(5, ended);
  STRCMP_EQUAL("101", ask(good()).c_str());
}
TEST(LinkServer, WhoOnlyLooksWhetherThePortIsOpenHasFailedInNothing) {
  for (int i = 0; i < 8; ++i) {
    UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_storage to{};
    const auto size =
        Address::parse("127.0.0.1", static_cast<std::uint16_t>(socket->port))->to_sockaddr(to);
    LONGS_EQUAL(0, ::connect(fd.get(), reinterpret_cast<sockaddr*>(&to), size));
    fd.reset();
    bench.turn();
  }
  STRCMP_EQUAL("101", ask(good()).c_str());
}
TEST(LinkServer, ManyIdleConnectionsDoNotKeepANodeOut) {
  const auto idle = connect_idle(LinkServer::kMaxOpenings);
  STRCMP_EQUAL("101", ask(good()).c_str());
}
TEST(LinkServer, WhoHasJustComeIsNotEndedForAnother) {
  const auto idle = connect_idle(LinkServer::kMaxOpenings + 20);
  char byte = 0;
  for (const UniqueFd& fd : idle) {
    LONGS_EQUAL(-1, ::recv(fd.get(), &byte, 1, MSG_DONTWAIT));
    CHECK(errno == EAGAIN);
  }
}
TEST(LinkServer, WhoHadToMakeRoomHasFailedInNothing) {
  auto idle = connect_idle(LinkServer::kMaxOpenings + 20);
  bench.turn(LinkServer::kLeastTime + 200ms);
  char byte = 0;
  int ended = 0;
  for (const UniqueFd& fd : idle) ended += ::recv(fd.get(), &byte, 1, MSG_DONTWAIT) == 0 ? 1 : 0;
  LONGS_EQUAL(20, ended);
  idle.clear();
  bench.turn(50ms);
  STRCMP_EQUAL("101", ask(good()).c_str());  // from the same address
}
