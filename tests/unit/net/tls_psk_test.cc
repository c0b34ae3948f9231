#include "net/tls/tls_psk.h"

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "net/certificates.h"
#include "net/socket_pair.h"
#include "net/tls/tls_connect.h"
#include "net/tls/tls_context.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;

namespace {

// Two ends of a socket: the server's transport is driven here, the client's by the loop.
struct Ends {
  Ends() {
    int fds[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) != 0)
      std::abort();
    server = std::make_unique<PlainTransport>(UniqueFd(fds[0]), Address());
    client = std::make_unique<PlainTransport>(UniqueFd(fds[1]), Address());
  }
  std::unique_ptr<Transport> server, client;
};

}  // namespace

TEST_GROUP(TlsPsk) {
  Loop loop{0, system_clock()};
  std::map<std::string, std::string, std::less<>> keys{
      {"edge1", psk_from_secret("edge1", "s-edge1")},
      {"edge2", psk_from_secret("edge2", "s-edge2")}};
  std::unique_ptr<Connected> result;
  std::unique_ptr<Underway> underway;
  TlsPskServer::Accepted accepted;
  IoStatus server_status = IoStatus::kAgain;

  std::shared_ptr<const TlsPskServer> server() {
    auto made = TlsPskServer::make([this](std::string_view id) -> std::optional<std::string> {
      const auto at = keys.find(id);
      return at == keys.end() ? std::nullopt : std::optional<std::string>(at->second);
    });
    CHECK(made.has_value());
    return *made;
  }
  void shake(const Connector::MakeTls& as_client, std::unique_ptr<TlsTransport> as_server,
             std::unique_ptr<Transport> client_end) {
    accepted.transport = std::move(as_server);
    underway = as_client(loop, std::move(client_end), "ignored", [this](Connected connected) {
      result = std::make_unique<Connected>(std::move(connected));
    });
    for (int i = 0; i < 1000 && (!result || server_status == IoStatus::kAgain); ++i) {
      loop.run_once(false);
      if (server_status == IoStatus::kAgain) server_status = accepted.transport->handshake();
      if (server_status == IoStatus::kError) accepted.transport->flush();
      if (server_status == IoStatus::kError && i > 100) accepted.transport.reset();
      if (!accepted.transport && server_status == IoStatus::kAgain) break;
    }
  }
  void shake(const std::string& id, const std::string& key) {
    Ends ends;
    auto both = TlsPskServer::accept(server(), std::move(ends.server));
    accepted.identity = both.identity;
    shake(make_tls_with_psk(id, key), std::move(both.transport), std::move(ends.client));
  }
  static std::string pass(Transport & from, Transport & to, const std::string& text) {
    iovec part{const_cast<char*>(text.data()), text.size()};
    from.write_v({&part, 1}, false);
    from.flush();
    std::string got(text.size() + 10, '\0');
    const IoResult read = to.read(std::as_writable_bytes(std::span(got)));
    got.resize(read.status == IoStatus::kDone ? read.bytes : 0);
    return got;
  }
};

TEST(TlsPsk, BothSidesKnowTheKey) {
  shake("edge1", keys["edge1"]);
  CHECK(result != nullptr && result->has_value());
  CHECK(server_status == IoStatus::kDone);
  STRCMP_EQUAL("edge1", accepted.identity->c_str());
  STRCMP_EQUAL("hello", pass(***result, *accepted.transport, "hello").c_str());
  STRCMP_EQUAL("back", pass(*accepted.transport, ***result, "back").c_str());
}
TEST(TlsPsk, AWrongKeyGetsNoFurtherThanTheHandshake) {
  shake("edge1", keys["edge2"]);
  CHECK(server_status == IoStatus::kError);
  STRCMP_EQUAL("edge1", accepted.identity->c_str());
}
TEST(TlsPsk, AnUnknownNameFailsAsAWrongKeyDoes) {
  shake("edge1", keys["edge2"]);
  const std::string wrong_key = accepted.transport ? accepted.transport->problem() : "";
  result.reset();
  server_status = IoStatus::kAgain;
  shake("nobody", keys["edge1"]);
  CHECK(server_status == IoStatus::kError);
  STRCMP_EQUAL(wrong_key.c_str(), accepted.transport ? accepted.transport->problem().c_str() : "");
}
TEST(TlsPsk, AnEmptySecretOfAnotherNameIsAnotherKey) {
  CHECK(psk_from_secret("a", "s") != psk_from_secret("b", "s"));
  CHECK(psk_from_secret("a", "s") != psk_from_secret("a", "t"));
  LONGS_EQUAL(32, psk_from_secret("a", "s").size());
}
TEST(TlsPsk, AServerWithACertificateInsteadOfTheKeyIsRefused) {
  TestDirectory dir;
  const auto loaded =
      TlsContext::load({{dir.write("a.pem", make_pem("DNS:a.example").both())}, {}, ""}, nullptr);
  CHECK(loaded.context != nullptr);
  Ends ends;
  shake(make_tls_with_psk("edge1", keys["edge1"]),
        TlsContext::accept(loaded.context, std::move(ends.server)), std::move(ends.client));
  CHECK(result != nullptr && !result->has_value());
}
TEST(TlsPsk, AClientWithoutAKeyIsRefused) {
  auto context = TlsClientContext::load("");
  CHECK(context.has_value());
  Ends ends;
  auto both = TlsPskServer::accept(server(), std::move(ends.server));
  accepted.identity = both.identity;
  shake(make_tls_with(*context), std::move(both.transport), std::move(ends.client));
  CHECK(server_status == IoStatus::kError);
  STRCMP_EQUAL("", accepted.identity->c_str());
}
