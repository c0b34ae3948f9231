// The bytes that may precede the first request of a connection, and the client address that follows
// from them.
#include "http/opening.h"

#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "http/connections.h"
#include "net/certificates.h"
#include "net/tls/tls_client.h"
#include "net/tls/tls_context.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;
using namespace std::literals;

namespace {

constexpr std::string_view kBlock =
    "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xcb\x00\x71\x07\x7f\0\0\x01\x12\x34\x1f\x40"sv;  // 203.0.113.7

// Answers with the address and the scheme of the client.
struct EchoStage final : Stage {
  Verdict handle(Connection& connection) override {
    connection.reply_text(200, connection.ip() + (connection.secure() ? " https" : " http"));
    return Verdict::kAnswered;
  }
};

struct Peer {
  int fd = -1;
  std::unique_ptr<TlsTransport> tls;
  ~Peer() {
    if (!tls && fd >= 0) ::close(fd);
  }
};

}  // namespace

TEST_GROUP(Opening) {
  TestDirectory dir;
  FakeClock clock;
  Log log{clock};
  Loop loop{0, clock};
  Snapshot<HttpSettings> settings{std::make_shared<const HttpSettings>()};
  std::atomic<std::uint64_t> next_id{1};
  EchoStage who;
  std::shared_ptr<const TlsContext> context;
  std::vector<std::string> unwelcome;
  std::unique_ptr<Connections> connections;
  std::shared_ptr<ListenSocket> socket = std::make_shared<ListenSocket>();

  void setup() override {
    LogSettings quiet;
    quiet.error_path = dir.path("error.log");
    CHECK(log.open(quiet).has_value());
    connections = std::make_unique<Connections>(loop, log, settings, next_id);
    Connections::Plan plan;
    plan.routes = RouteTable({&who});
    plan.accepted = [] {};
    plan.welcome = [this](const Address& address) {
      return std::find(unwelcome.begin(), unwelcome.end(), address.ip()) == unwelcome.end();
    };
    plan.certificates = [this] { return context; };
    connections->set_plan(std::move(plan));
  }
  void teardown() override {
    connections->end_all();
    turn();
    connections.reset();
  }
  void have_certificate() {
    context = TlsContext::load({{dir.write("tls.pem", make_pem("DNS:radio.test").both())}, {}, ""},
                               nullptr)
                  .context;
    CHECK(context != nullptr);
  }
  void trust(std::vector<std::string> proxies, std::size_t most_handshakes = 1000) {
    HttpSettings next;
    next.trusted_proxies = AddressList::parse(proxies, [](std::size_t, const std::string&) {});
    next.most_handshakes = most_handshakes;
    settings.publish(std::make_shared<const HttpSettings>(next));
  }
  void turn(int times = 4) {
    for (int i = 0; i < times; ++i) loop.run_once(false);
  }
  std::unique_ptr<Peer> connect(const char* from = "192.0.2.1") {
    int ends[2];
    CHECK(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0);
    connections->accepted(
        std::make_unique<PlainTransport>(UniqueFd(ends[0]), *Address::parse(from, 1)), socket);
    auto peer = std::make_unique<Peer>();
    peer->fd = ends[1];
    return peer;
  }
  void send(Peer & peer, std::string_view bytes) {
    CHECK(::send(peer.fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
          static_cast<ssize_t>(bytes.size()));
    turn();
  }
  // The body of what came; "open" while nothing has, "closed" when nothing will.
  std::string answer(Peer & peer) {
    turn();
    char bytes[4096];
    ssize_t n = 0;
    if (peer.tls) {
      const IoResult result = peer.tls->read(std::as_writable_bytes(std::span(bytes)));
      if (result.status == IoStatus::kAgain) return "open";
      if (result.status != IoStatus::kDone) return "closed";
      n = static_cast<ssize_t>(result.bytes);
    } else {
      n = ::recv(peer.fd, bytes, sizeof bytes, 0);
      if (n < 0 && errno == EAGAIN) return "open";
      if (n <= 0) return "closed";
    }
    const std::string text(bytes, static_cast<std::size_t>(n));
    return text.substr(text.find("\r\n\r\n") + 4);
  }
  void start_tls(Peer & peer) {
    const auto trusting = TlsClientContext::load(dir.path("tls.pem"));
    CHECK(trusting.has_value());
    peer.tls = (*trusting)->connect(std::make_unique<PlainTransport>(UniqueFd(peer.fd), Address()),
                                    "radio.test");
    peer.tls->handshake();
    turn();
  }
  bool shake(Peer & peer) {
    start_tls(peer);
    for (int i = 0; i < 10; ++i) {
      const IoStatus status = peer.tls->handshake();
      if (status != IoStatus::kAgain) return status == IoStatus::kDone;
      turn();
    }
    return false;
  }
  void ask(Peer & peer, const std::string& headers = "") {
    const std::string text = "GET / HTTP/1.0\r\n" + headers + "\r\n";
    if (!peer.tls) {
      send(peer, text);
      return;
    }
    iovec part{const_cast<char*>(text.data()), text.size()};
    CHECK(peer.tls->write_v({&part, 1}, false).status == IoStatus::kDone);
    turn();
  }
  std::string asked(const std::string& headers, const char* from = "192.0.2.1") {
    auto peer = connect(from);
    ask(*peer, headers);
    return answer(*peer);
  }
};

TEST(Opening, WithoutTlsAndProxiesARequestComesAtOnce) {
  STRCMP_EQUAL("192.0.2.1 http", asked("").c_str());
}
TEST(Opening, APlainSocketTakesBothOnceThereIsACertificate) {
  have_certificate();
  STRCMP_EQUAL("192.0.2.1 http", asked("").c_str());
  auto peer = connect();
  CHECK(shake(*peer));
  ask(*peer);
  STRCMP_EQUAL("192.0.2.1 https", answer(*peer).c_str());
}
TEST(Opening, AShoutcastSocketDetectsNoTls) {
  have_certificate();
  socket->shoutcast = true;
  auto peer = connect();
  start_tls(*peer);
  CHECK(peer->tls->handshake() != IoStatus::kDone);
}
TEST(Opening, ATlsSocketTakesNothingElse) {
  have_certificate();
  socket->settings.tls = true;
  auto plain = connect();
  ask(*plain);
  const std::string got = answer(*plain);
  CHECK(got.find("speaks https only") != std::string::npos);
  CHECK(got.find("192.0.2.1") == std::string::npos);
  auto peer = connect();
  CHECK(shake(*peer));
  ask(*peer);
  STRCMP_EQUAL("192.0.2.1 https", answer(*peer).c_str());
}
TEST(Opening, ATlsSocketThatHasLostItsCertificateDropsItsClients) {
  socket->settings.tls = true;
  auto peer = connect();
  send(*peer, "\x16\x03\x01");
  STRCMP_EQUAL("closed", answer(*peer).c_str());
}
TEST(Opening, AClientThatSendsNothingAndClosesIsForgotten) {
  have_certificate();
  auto peer = connect();
  ::shutdown(peer->fd, SHUT_RDWR);
  STRCMP_EQUAL("closed", answer(*peer).c_str());
}
TEST(Opening, ATooManiethHandshakeEndsTheOldestOne) {
  have_certificate();
  trust({}, 2);
  std::vector<std::unique_ptr<Peer>> peers;
  auto silent = connect();  // no handshake yet, so not among them
  for (int i = 0; i < 3; ++i) {
    peers.push_back(connect());
    send(*peers.back(), "\x16\x03\x01");
  }
  STRCMP_EQUAL("open", answer(*silent).c_str());
  STRCMP_EQUAL("closed", answer(*peers[0]).c_str());
  STRCMP_EQUAL("open", answer(*peers[1]).c_str());
  STRCMP_EQUAL("open", answer(*peers[2]).c_str());
  // Those that are over, one way or the other, no longer count.
  ::shutdown(peers[1]->fd, SHUT_RDWR);
  turn();
  for (int i = 0; i < 5; ++i) {
    auto good = connect();
    CHECK(shake(*good));
    ask(*good);
    STRCMP_EQUAL("192.0.2.1 https", answer(*good).c_str());
  }
  STRCMP_EQUAL("open", answer(*peers[2]).c_str());
}
TEST(Opening, AProxyHeaderNamesTheClientAndMayBeFollowedByTls) {
  have_certificate();
  socket->settings.proxy_protocol = true;
  auto plain = connect();
  send(*plain, "PROXY TCP4 203.0.113.9 127.0.0.1 1 2\r\n");
  ask(*plain);
  STRCMP_EQUAL("203.0.113.9 http", answer(*plain).c_str());
  auto peer = connect();
  send(*peer, kBlock);
  CHECK(shake(*peer));
  ask(*peer);
  STRCMP_EQUAL("203.0.113.7 https", answer(*peer).c_str());
}
TEST(Opening, AProxyHeaderByteByByteTakesNothingOfTheRequest) {
  socket->settings.proxy_protocol = true;
  auto peer = connect();
  for (const char c : std::string(kBlock) + "GET / HTTP/1.0\r\n\r\n") send(*peer, {&c, 1});
  STRCMP_EQUAL("203.0.113.7 http", answer(*peer).c_str());
}
TEST(Opening, AProxyHeaderMustComeAndMustBeWhole) {
  socket->settings.proxy_protocol = true;
  auto peer = connect();
  send(*peer, "GET / HTTP/1.0\r\n\r\n");
  STRCMP_EQUAL("closed", answer(*peer).c_str());
  auto gone = connect();
  send(*gone, "PROXY TCP4");
  ::shutdown(gone->fd, SHUT_WR);
  STRCMP_EQUAL("closed", answer(*gone).c_str());
}
TEST(Opening, WhereAListIsGivenOnlyItsAddressesMaySendProxyHeaders) {
  socket->settings.proxy_protocol = true;
  trust({"192.0.2.0/24"});
  auto stranger = connect("198.51.100.1");
  STRCMP_EQUAL("closed", answer(*stranger).c_str());
  auto proxy = connect("192.0.2.9");
  send(*proxy, kBlock);
  ask(*proxy);
  STRCMP_EQUAL("203.0.113.7 http", answer(*proxy).c_str());
}
TEST(Opening, TheAddressInAProxyHeaderMayBeUnwelcome) {
  socket->settings.proxy_protocol = true;
  unwelcome = {"203.0.113.7"};
  auto peer = connect();
  send(*peer, kBlock);
  STRCMP_EQUAL("closed", answer(*peer).c_str());
}
TEST(Opening, ForwardedAddressesCountFromTrustedProxiesOnly) {
  trust({"192.0.2.1"});
  STRCMP_EQUAL("203.0.113.7 https",
               asked("X-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Proto: https\r\n").c_str());
  STRCMP_EQUAL(
      "192.0.2.2 http",
      asked("X-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Proto: https\r\n", "192.0.2.2").c_str());
  STRCMP_EQUAL("192.0.2.1 http", asked("").c_str());
}
TEST(Opening, AForwardedAddressMayBeUnwelcome) {
  trust({"192.0.2.1"});
  unwelcome = {"203.0.113.7"};
  CHECK(asked("X-Forwarded-For: 203.0.113.7\r\n").find("403 - this address may not connect") !=
        std::string::npos);
  STRCMP_EQUAL("203.0.113.8 http", asked("X-Forwarded-For: 203.0.113.8\r\n").c_str());
}
TEST(Opening, TheProxysOwnPlainRequestIsNotHttpsBecauseItsSocketIs) {
  have_certificate();
  trust({"192.0.2.1"});
  auto peer = connect();
  CHECK(shake(*peer));
  ask(*peer, "X-Forwarded-Proto: http\r\n");
  STRCMP_EQUAL("192.0.2.1 http", answer(*peer).c_str());
}
