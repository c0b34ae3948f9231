#include "net/tls/ticket_keys.h"

#include <memory>
#include <vector>

#include "net/certificates.h"
#include "net/tls/tls_context.h"

// Last, because it redefines `new`.
#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

TEST_GROUP(TicketKeys) {
  FakeClock clock;
  TestDirectory dir;
  void setup() override { clock.set_wall(WallTime(1'800'000'000s)); }

  std::shared_ptr<const TicketKeys> keys(std::vector<std::string> secrets) {
    return std::make_shared<const TicketKeys>(std::move(secrets), clock);
  }
  std::shared_ptr<const TlsContext> server(std::shared_ptr<const TicketKeys> tickets,
                                           const std::string& pem) {
    auto loaded =
        TlsContext::load({{dir.write("t.pem", pem)}, {}, ""}, nullptr, std::move(tickets));
    CHECK(loaded.context != nullptr);
    return loaded.context;
  }

  // A client that keeps its last ticket.
  struct Player {
    SslContextPtr context{SSL_CTX_new(TLS_client_method())};
    SSL_SESSION* session = nullptr;
    explicit Player(int version = TLS1_3_VERSION) {
      SSL_CTX_set_max_proto_version(context.get(), version);
      SSL_CTX_set_session_cache_mode(context.get(),
                                     SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
      SSL_CTX_set_app_data(context.get(), this);
      SSL_CTX_sess_set_new_cb(context.get(), [](SSL* ssl, SSL_SESSION* fresh) {
        auto* self = static_cast<Player*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
        SSL_SESSION_free(self->session);
        self->session = fresh;
        return 1;
      });
    }
    ~Player() { SSL_SESSION_free(session); }
    Player(const Player&) = delete;
    Player& operator=(const Player&) = delete;

    // One connection; whether it resumed.
    bool joins(const std::shared_ptr<const TlsContext>& at) {
      int ends[2];
      CHECK(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0);
      auto server = TlsContext::accept(
          at, std::make_unique<PlainTransport>(UniqueFd(ends[0]), *Address::parse("192.0.2.1", 5)));
      const UniqueFd other(ends[1]);
      SslPtr ssl(SSL_new(context.get()));
      SSL_set_fd(ssl.get(), other.get());
      SSL_set_tlsext_host_name(ssl.get(), "radio.test");
      if (session != nullptr) SSL_set_session(ssl.get(), session);
      SSL_set_connect_state(ssl.get());
      IoStatus ours = IoStatus::kAgain;
      for (int i = 0; i < 10; ++i) {
        SSL_do_handshake(ssl.get());
        if (ours == IoStatus::kAgain) ours = server->handshake();
      }
      CHECK(ours == IoStatus::kDone);
      char byte = 0;
      SSL_read(ssl.get(), &byte, 1);  // takes the tickets of TLS 1.3
      const bool resumed = SSL_session_reused(ssl.get()) == 1;
      if (resumed && SSL_version(ssl.get()) ==
                         TLS1_2_VERSION) {  // there OpenSSL does not call for a renewed ticket
        SSL_SESSION_free(session);
        session = SSL_get1_session(ssl.get());
      }
      if (!resumed)
        kind = EVP_PKEY_get0_type_name(X509_get0_pubkey(SSL_get0_peer_certificate(ssl.get())));
      SSL_shutdown(ssl.get());  // a session whose connection broke is not used again
      ERR_clear_error();
      return resumed;
    }
    std::string kind;  // of the key of the certificate that it was shown
  };
};

TEST(TicketKeys, AreTheSameForTheSameSecretAndHour) {
  const auto a = keys({"one"}), b = keys({"one", "two"}), c = keys({"two"});
  CHECK(a->newest().name == b->newest().name && a->newest().cipher == b->newest().cipher);
  CHECK(a->newest().name != c->newest().name);
  LONGS_EQUAL(16, a->newest().name.size());
  LONGS_EQUAL(32, a->newest().cipher.size());
  CHECK(a->newest().mac != a->newest().cipher);
  CHECK(b->find(c->newest().name).has_value());
  CHECK(!a->find(c->newest().name).has_value());
}
TEST(TicketKeys, ChangeEveryHourAndLastThree) {
  const auto all = keys({"one"});
  const std::string first = all->newest().name;
  CHECK(all->find(first).has_value());
  clock.set_wall(clock.wall() + 1h);
  CHECK(all->newest().name != first);
  CHECK(all->find(first).has_value());
  clock.set_wall(clock.wall() + 1h);
  CHECK(all->find(first).has_value());
  clock.set_wall(clock.wall() + 1h);
  CHECK(!all->find(first).has_value());
  clock.set_wall(clock.wall() - 4h);  // a server whose clock is behind
  CHECK(all->find(first).has_value());
  clock.set_wall(clock.wall() - 1h);
  CHECK(!all->find(first).has_value());
}
TEST(TicketKeys, APlayerResumesAfterARestartARenewalAndAtAnotherNode) {
  const std::string pem = make_pem("DNS:radio.test").both();
  for (const int version : {TLS1_3_VERSION, TLS1_2_VERSION}) {
    Player player(version);
    CHECK_FALSE(player.joins(server(keys({"shared"}), pem)));
    CHECK(player.joins(server(keys({"shared"}), pem)));  // another process
    CHECK(player.joins(
        server(keys({"shared"}), make_pem("DNS:radio.test").both())));  // a new certificate
    CHECK(player.joins(server(keys({"new", "shared"}), pem)));          // a new secret
    CHECK(player.joins(server(keys({"new"}), pem)));                    // whose ticket it got
    CHECK_FALSE(player.joins(server(keys({"other"}), pem)));
    clock.set_wall(clock.wall() + 3h);
    CHECK_FALSE(player.joins(server(keys({"other"}), pem)));
  }
}
TEST(TicketKeys, OfTls13WhoeverServesTheSameCertificateTakesThemAndOf12TheServerItself) {
  const auto own = [this] {
    auto ring = std::make_shared<TicketRing>();
    ring->turn(unix_seconds(clock.wall()) / 3600);
    return ring;
  };
  const auto tickets = [this](std::shared_ptr<TicketRing> ring) {
    return std::make_shared<const TicketKeys>(std::vector<std::string>{}, clock, std::move(ring));
  };
  for (const bool rsa : {false, true}) {
    const std::string pem = make_pem("DNS:radio.test", 86400, nullptr, rsa).both();
    const std::string other = make_pem("DNS:radio.test", 86400, nullptr, rsa).both();
    Player player;
    CHECK_FALSE(player.joins(server(tickets(own()), pem)));
    CHECK(player.joins(server(tickets(own()), pem)));  // another node, or after a restart
    CHECK_FALSE(player.joins(server(tickets(own()), other)));
    Player old(TLS1_2_VERSION);
    const auto ring = own();
    CHECK_FALSE(old.joins(server(tickets(ring), pem)));
    CHECK(old.joins(server(tickets(ring), other)));  // a renewal
    CHECK_FALSE(old.joins(server(tickets(own()), pem)));
  }
}
TEST(TicketKeys, ARenewedCertificateTakesTheTicketsOfTheOneBefore) {
  auto ring = std::make_shared<TicketRing>();
  ring->turn(0);
  const auto tickets = std::make_shared<const TicketKeys>(std::vector<std::string>{}, clock, ring);
  const auto load = [&](const TlsContext* before) {
    return TlsContext::load({{dir.write("t.pem", make_pem("DNS:radio.test").both())}, {}, ""},
                            before, tickets)
        .context;
  };
  const auto first = load(nullptr);
  Player player;
  CHECK_FALSE(player.joins(first));
  const auto second = load(first.get());
  const auto third = load(second.get());
  CHECK(player.joins(third));
}
TEST(TicketKeys, TheRingKeepsWhatIsCurrentAndItsTextIsReadAgain) {
  TicketRing ring;
  CHECK(ring.turn(100));
  CHECK_FALSE(ring.turn(100));
  CHECK(ring.turn(101) && ring.turn(102));
  LONGS_EQUAL(3, ring.secrets().size());
  const auto read = TicketRing::parse(ring.text());
  CHECK(read.has_value());
  CHECK(*read == ring.secrets());
  TicketRing again;
  again.turn(103);
  again.take(*read, 103);
  LONGS_EQUAL(3, again.secrets().size());  // 100 is too old
  LONGS_EQUAL(103, again.secrets().front().hour);
  again.turn(200);
  LONGS_EQUAL(1, again.secrets().size());
  CHECK(again.turn(50));  // the clock was wrong
  LONGS_EQUAL(50, again.secrets().front().hour);
  LONGS_EQUAL(1, again.secrets().size());
}
TEST(TicketKeys, ATextThatIsNotWholeOrNotOursIsNoRing) {
  TicketRing ring;
  ring.turn(100);
  const std::string text = ring.text();
  for (std::size_t size = 0; size < text.size(); ++size)
    CHECK_FALSE(TicketRing::parse(text.substr(0, size)).has_value());
  for (const char* wrong : {"", "\n\n\n", "icecast-lb ticket secrets 2\nend\n",
                            "icecast-lb ticket secrets 1\n100 c2hvcnQ=\nend\n",
                            "icecast-lb ticket secrets 1\n-5 x\nend\n"})
    CHECK_FALSE(TicketRing::parse(wrong).has_value());
}
TEST(TicketKeys, AnEcdsaCertificateBesideAnRsaOneServesBothKindsOfPlayers) {
  const std::string rsa =
      dir.write("rsa.pem", make_pem("DNS:radio.test", 86400, nullptr, true).both());
  const std::string ec = dir.write("ec.pem", make_pem("DNS:radio.test").both());
  for (const auto& files : {std::vector<std::string>{rsa, ec}, std::vector<std::string>{ec, rsa}}) {
    auto loaded = TlsContext::load({files, {}, ""}, nullptr);
    for (const auto& complaint : loaded.complaints) FAIL(complaint.c_str());
    LONGS_EQUAL(2, loaded.context->certificates().size());
    CHECK(loaded.context->certificates()[0].context == loaded.context->certificates()[1].context);
    Player modern, old(TLS1_2_VERSION);
    modern.joins(loaded.context);
    STRCMP_EQUAL("EC", modern.kind.c_str());
    SSL_CTX_set1_sigalgs_list(old.context.get(), "RSA+SHA256");
    SSL_CTX_set_cipher_list(old.context.get(), "ECDHE-RSA-AES128-GCM-SHA256");
    old.joins(loaded.context);
    STRCMP_EQUAL("RSA", old.kind.c_str());
  }
}
TEST(TicketKeys, OtherNamesOrTheSameKindStaySeparate) {
  const std::string one = dir.write("a.pem", make_pem("DNS:radio.test").both());
  const std::string two = dir.write("b.pem", make_pem("DNS:radio.test").both());
  const std::string rsa =
      dir.write("c.pem", make_pem("DNS:other.test", 86400, nullptr, true).both());
  auto loaded = TlsContext::load({{one, two, rsa}, {}, ""}, nullptr);
  LONGS_EQUAL(3, loaded.context->certificates().size());
  CHECK(loaded.context->certificates()[0].context != loaded.context->certificates()[1].context);
  CHECK(loaded.context->certificates()[0].context != loaded.context->certificates()[2].context);
  STRCMP_EQUAL("RSA 2048", loaded.context->certificates()[2].kind.c_str());
}
