#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "net/certificates.h"
#include "net/tls_client.h"
#include "net/tls_context.h"
#include "net/tls_transport.h"

// Last, because it redefines `new`.
#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;

namespace {

std::string read_all(Transport& transport, std::size_t size) {
  std::string text(size, '\0');
  std::size_t have = 0;
  for (int i = 0; i < 10000 && have < size; ++i) {
    const IoResult result = transport.read(std::as_writable_bytes(std::span(text).subspan(have)));
    if (result.status == IoStatus::kAgain) break;
    if (result.status != IoStatus::kDone) break;
    have += result.bytes;
  }
  text.resize(have);
  return text;
}

IoResult write_text(Transport& transport, const std::string& text, bool more = false) {
  iovec part{const_cast<char*>(text.data()), text.size()};
  return transport.write_v({&part, 1}, more);
}

// What the wire saw.
struct Tap {
  std::vector<std::size_t> writes;
  std::vector<bool> more;
  bool closed = false;
};

class TappedTransport final : public Transport {
 public:
  TappedTransport(int fd, std::shared_ptr<Tap> tap)
      : plain_(UniqueFd(fd), *Address::parse("192.0.2.1", 5)), tap_(std::move(tap)) {}
  ~TappedTransport() override { tap_->closed = true; }
  IoResult read(std::span<std::byte> into) noexcept override { return plain_.read(into); }
  IoResult write_v(std::span<const iovec> parts, bool more) noexcept override {
    const IoResult result = plain_.write_v(parts, more);
    if (result.status == IoStatus::kDone) {
      tap_->writes.push_back(result.bytes);
      tap_->more.push_back(more);
    }
    return result;
  }
  IoResult send_file(int, std::uint64_t, std::size_t) noexcept override {
    return {IoStatus::kError, 0};
  }
  bool can_send_file() const noexcept override { return true; }
  int fd() const noexcept override { return plain_.fd(); }
  const Address& peer() const noexcept override { return plain_.peer(); }
  void set_peer(const Address& peer) noexcept override { plain_.set_peer(peer); }
  void shut_down_write() noexcept override { plain_.shut_down_write(); }
  void limit_unsent(std::size_t bytes) noexcept override { plain_.limit_unsent(bytes); }

 private:
  PlainTransport plain_;
  std::shared_ptr<Tap> tap_;
};

}  // namespace

TEST_GROUP(Tls) {
  TestDirectory dir;
  std::shared_ptr<Tap> tap = std::make_shared<Tap>();
  std::unique_ptr<TlsTransport> server, client;
  std::shared_ptr<const TlsContext> context;

  std::shared_ptr<const TlsContext> load(const TlsSettings& settings) {
    auto loaded = TlsContext::load(settings, nullptr);
    for (const auto& complaint : loaded.complaints) FAIL(complaint.c_str());
    CHECK(loaded.context != nullptr);
    return loaded.context;
  }
  void one_certificate(const std::string& names = "DNS:radio.test") {
    context = load({{dir.write("tls.pem", make_pem(names).both())}, {}, ""});
  }
  void join(const std::string& host, const std::string& ca = "tls.pem") {
    int ends[2];
    CHECK(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0);
    server = TlsContext::accept(context, std::make_unique<TappedTransport>(ends[0], tap));
    auto trust = TlsClientContext::load(dir.path(ca));
    CHECK(trust.has_value());
    client = (*trust)->connect(
        std::make_unique<PlainTransport>(UniqueFd(ends[1]), *Address::parse("192.0.2.2", 6)), host);
  }
  // Both sides in turn, until neither moves.
  std::pair<IoStatus, IoStatus> shake() {
    IoStatus ours = IoStatus::kAgain, theirs = IoStatus::kAgain;
    for (int i = 0; i < 20; ++i) {
      if (theirs == IoStatus::kAgain) theirs = client->handshake();
      if (ours == IoStatus::kAgain) ours = server->handshake();
    }
    return {ours, theirs};
  }
  // OpenSSL's own client, as free as an attacker; `ssl` lives until the test is over.
  SslPtr ssl;
  IoStatus shake_with(SSL_CTX * with, const char* name = nullptr, std::string_view protocols = {}) {
    dir.write("any.pem", make_pem("").certificate);
    join("radio.test", "any.pem");
    ssl.reset(SSL_new(with));
    SSL_set_fd(ssl.get(), client->fd());
    if (name != nullptr) SSL_set_tlsext_host_name(ssl.get(), name);
    SSL_set_alpn_protos(ssl.get(), reinterpret_cast<const unsigned char*>(protocols.data()),
                        static_cast<unsigned>(protocols.size()));
    SSL_set_connect_state(ssl.get());
    IoStatus ours = IoStatus::kAgain;
    for (int i = 0; i < 10; ++i) {
      SSL_do_handshake(ssl.get());
      if (ours == IoStatus::kAgain) ours = server->handshake();
    }
    ERR_clear_error();
    return ours;
  }
  // The names in the certificate that a client gets who asks for `name`.
  std::string certificate_for(const char* name) {
    SslContextPtr any(SSL_CTX_new(TLS_client_method()));
    CHECK(shake_with(any.get(), name) == IoStatus::kDone);
    X509* x509 = SSL_get0_peer_certificate(ssl.get());
    for (const char* known : {"first.test", "second.test", "a.wild.test"})
      if (X509_check_host(x509, known, 0, 0, nullptr) == 1) return known;
    return "none";
  }
  std::string protocol_for(std::string_view offered) {
    one_certificate();
    SslContextPtr any(SSL_CTX_new(TLS_client_method()));
    CHECK(shake_with(any.get(), nullptr, offered) == IoStatus::kDone);
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl.get(), &name, &size);
    return {reinterpret_cast<const char*>(name), size};
  }
  std::string complaint_of(const TlsSettings& settings) {
    const auto loaded = TlsContext::load(settings, nullptr);
    CHECK(loaded.context == nullptr);
    LONGS_EQUAL(1, loaded.complaints.size());
    return loaded.complaints.at(0);
  }
  void connected(const std::string& names = "DNS:radio.test") {
    one_certificate(names);
    join("radio.test");
    const auto [ours, theirs] = shake();
    CHECK(ours == IoStatus::kDone);
    CHECK(theirs == IoStatus::kDone);
    tap->writes.clear();
    tap->more.clear();
  }
};

TEST(Tls, CarriesBytesBothWays) {
  connected();
  CHECK(write_text(*client, "GET / HTTP/1.0\r\n\r\n").status == IoStatus::kDone);
  STRCMP_EQUAL("GET / HTTP/1.0\r\n\r\n", read_all(*server, 100).c_str());
  CHECK(write_text(*server, "HTTP/1.0 200 OK\r\n\r\n").status == IoStatus::kDone);
  STRCMP_EQUAL("HTTP/1.0 200 OK\r\n\r\n", read_all(*client, 100).c_str());
  std::byte into[10];
  CHECK(server->read(into).status == IoStatus::kAgain);
}
TEST(Tls, ShowsThePeerOfTheSocketBelowAndTakesAnotherOne) {
  connected();
  STRCMP_EQUAL("192.0.2.1", server->peer().ip().c_str());
  server->set_peer(*Address::parse("203.0.113.4", 0));
  STRCMP_EQUAL("203.0.113.4", server->peer().ip().c_str());
  CHECK(server->fd() >= 0);
  CHECK(!server->can_send_file());
}
TEST(Tls, SeveralSmallPartsAreOneRecord) {
  connected();
  std::string a = "audio", b(1, '\0'), c, d = "more audio";
  const iovec parts[] = {
      {a.data(), a.size()}, {b.data(), b.size()}, {c.data(), 0}, {d.data(), d.size()}};
  const IoResult result = server->write_v(parts, true);
  CHECK(result.status == IoStatus::kDone);
  LONGS_EQUAL(16, result.bytes);
  LONGS_EQUAL(1, tap->writes.size());
  CHECK(tap->more[0]);
  CHECK(read_all(*client, 100) == a + b + d);
}
TEST(Tls, ACallTakesNoMoreThanARecord) {
  connected();
  const std::string big(40000, 'x');
  LONGS_EQUAL(16384, write_text(*server, big).bytes);
  LONGS_EQUAL(1, tap->writes.size());
  std::string head(100, 'a'), tail(20000, 'b');
  const iovec parts[] = {{head.data(), head.size()}, {tail.data(), tail.size()}};
  LONGS_EQUAL(16384, server->write_v(parts, false).bytes);
  const iovec reversed[] = {{tail.data(), tail.size()}, {head.data(), head.size()}};
  LONGS_EQUAL(16384, server->write_v(reversed, false).bytes);
  const std::string got = read_all(*client, 60000);
  LONGS_EQUAL(3 * 16384, got.size());
  CHECK(got.substr(16384, 200) == head + std::string(100, 'b'));
  CHECK(got.substr(2 * 16384) == std::string(16384, 'b'));
}
TEST(Tls, NothingToWriteIsDone) {
  connected();
  iovec nothing{nullptr, 0};
  const IoResult result = server->write_v({&nothing, 1}, false);
  CHECK(result.status == IoStatus::kDone);
  LONGS_EQUAL(0, result.bytes);
  LONGS_EQUAL(0, tap->writes.size());
}
TEST(Tls, AReaderWithASmallBufferLearnsWhatIsLeftOfARecord) {
  connected();
  write_text(*client, std::string(1000, 'q'));
  LONGS_EQUAL(300, read_all(*server, 300).size());
  LONGS_EQUAL(700, server->buffered());
  LONGS_EQUAL(700, read_all(*server, 5000).size());
  LONGS_EQUAL(0, server->buffered());
}
TEST(Tls, AFullSocketHoldsBackARecordAndNoByteIsLostOrDoubled) {
  connected();
  std::string sent, got;
  const auto byte_at = [](std::size_t i) { return static_cast<char>((i * 2654435761u) >> 13); };
  bool was_full = false;
  for (int round = 0; round < 400 && sent.size() < (3u << 20); ++round) {
    for (;;) {
      std::string piece;
      // Another size every time: what is held back must not depend on what is asked next.
      const std::size_t size = 1 + (sent.size() * 7919) % 30000;
      for (std::size_t i = 0; i < size; ++i) piece += byte_at(sent.size() + i);
      const IoResult result = write_text(*server, piece);
      if (result.status == IoStatus::kAgain) {
        CHECK(server->flush() == IoStatus::kAgain);
        was_full = true;
        break;
      }
      CHECK(result.status == IoStatus::kDone);
      sent.append(piece, 0, result.bytes);
      if (sent.size() >= (3u << 20)) break;
    }
    got += read_all(*client, 1 << 18);
  }
  CHECK(was_full);
  while (server->flush() == IoStatus::kAgain) got += read_all(*client, 1 << 18);
  for (std::string last = "x"; !last.empty();) got += last = read_all(*client, 1 << 18);
  LONGS_EQUAL(sent.size(), got.size());
  CHECK(sent == got);
}
TEST(Tls, SendsAFilePieceByPiece) {
  connected();
  UniqueFd file(::memfd_create("t", MFD_CLOEXEC));
  const std::string text(20000, 'f');
  CHECK(::write(file.get(), text.data(), text.size()) == 20000);
  LONGS_EQUAL(16384, server->send_file(file.get(), 0, 20000).bytes);
  LONGS_EQUAL(3616, server->send_file(file.get(), 16384, 3616).bytes);
  LONGS_EQUAL(5, server->send_file(file.get(), 10, 5).bytes);
  CHECK(server->send_file(file.get(), 20000, 10).status == IoStatus::kError);
  LONGS_EQUAL(20005, read_all(*client, 30000).size());
}
TEST(Tls, AGoodbyeAndAPlainCloseAreBothTheEnd) {
  connected();
  client->shut_down_write();
  std::byte into[10];
  CHECK(server->read(into).status == IoStatus::kEof);
  CHECK(server->read(into).status == IoStatus::kEof);
  CHECK(write_text(*server, "still listening").status == IoStatus::kDone);
  STRCMP_EQUAL("still listening", read_all(*client, 100).c_str());

  connected();
  ::shutdown(client->fd(), SHUT_RDWR);
  CHECK(server->read(into).status == IoStatus::kEof);
}
TEST(Tls, SaysGoodbyeWhenItGoes) {
  connected();
  write_text(*server, "last words");
  server.reset();
  CHECK(tap->closed);
  STRCMP_EQUAL("last words", read_all(*client, 100).c_str());
  std::byte into[10];
  CHECK(client->read(into).status == IoStatus::kEof);
}
TEST(Tls, FinishesAHalfCloseOnce) {
  connected();
  server->shut_down_write();
  server->shut_down_write();
  std::byte into[10];
  CHECK(client->read(into).status == IoStatus::kEof);
}
TEST(Tls, GarbageAndTamperingBreakTheConnectionForGood) {
  connected();
  const std::string record =
      std::string("\x17\x03\x03\x00\x20", 5) + "garbage garbage garbage garbage!";
  LONGS_EQUAL(record.size(), ::send(client->fd(), record.data(), record.size(), 0));
  std::byte into[64];
  CHECK(server->read(into).status == IoStatus::kError);
  CHECK(server->read(into).status == IoStatus::kError);
  CHECK(write_text(*server, "x").status == IoStatus::kError);
  CHECK(server->flush() == IoStatus::kError);
}
TEST(Tls, AVanishedPeerIsAnErrorOnWriting) {
  connected();
  client.reset();
  IoResult result;
  for (int i = 0; i < 3 && result.status == IoStatus::kDone; ++i) result = write_text(*server, "x");
  CHECK(result.status == IoStatus::kError);
}
TEST(Tls, PlainHttpToTheServerFailsWithAReason) {
  one_certificate();
  join("radio.test");
  CHECK(::send(client->fd(), "GET / HTTP/1.0\r\n\r\n", 18, 0) == 18);
  CHECK(server->handshake() == IoStatus::kError);
  STRCMP_EQUAL("http request", server->problem().c_str());
}
TEST(Tls, AHandshakeThatIsCutOffFails) {
  one_certificate();
  join("radio.test");
  CHECK(server->handshake() == IoStatus::kAgain);
  CHECK(client->handshake() == IoStatus::kAgain);
  client.reset();
  IoStatus status = IoStatus::kAgain;
  for (int i = 0; i < 5 && status == IoStatus::kAgain; ++i) status = server->handshake();
  CHECK(status == IoStatus::kError);
  CHECK(!server->problem().empty());
}
TEST(Tls, RefusesVersionsBelow12) {
  one_certificate();
  SslContextPtr old(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_min_proto_version(old.get(), TLS1_VERSION);
  SSL_CTX_set_max_proto_version(old.get(), TLS1_1_VERSION);
  SSL_CTX_set_cipher_list(old.get(), "ALL:@SECLEVEL=0");
  CHECK(shake_with(old.get()) == IoStatus::kError);
}
TEST(Tls, Speaks12WithoutRenegotiation) {
  one_certificate();
  SslContextPtr twelve(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_max_proto_version(twelve.get(), TLS1_2_VERSION);
  CHECK(shake_with(twelve.get()) == IoStatus::kDone);
  STRCMP_EQUAL("TLSv1.2", SSL_get_version(ssl.get()));
  SSL_renegotiate(ssl.get());
  SSL_do_handshake(ssl.get());
  std::byte into[10];
  CHECK(server->read(into).status == IoStatus::kAgain);  // a warning goes back
  CHECK(SSL_do_handshake(ssl.get()) != 1);
  CHECK(write_text(*server, "x").status == IoStatus::kDone);
}
TEST(Tls, AnswersAKeyUpdateAndGoesOn) {
  one_certificate();
  SslContextPtr any(SSL_CTX_new(TLS_client_method()));
  CHECK(shake_with(any.get()) == IoStatus::kDone);
  SSL_key_update(ssl.get(), SSL_KEY_UPDATE_REQUESTED);
  CHECK(SSL_write(ssl.get(), "hello", 5) == 5);
  STRCMP_EQUAL("hello", read_all(*server, 100).c_str());
  write_text(*server, "hello too");
  char into[100] = "";
  LONGS_EQUAL(9, SSL_read(ssl.get(), into, sizeof into));
  STRCMP_EQUAL("hello too", into);
}
TEST(Tls, WhoAsksForKeysForeverAndNeverReadsIsLetGo) {
  one_certificate();
  SslContextPtr any(SSL_CTX_new(TLS_client_method()));
  CHECK(shake_with(any.get()) == IoStatus::kDone);
  IoStatus status = IoStatus::kAgain;
  std::byte into[100];
  for (int i = 0; i < 200000 && status == IoStatus::kAgain; ++i) {
    SSL_key_update(ssl.get(), SSL_KEY_UPDATE_REQUESTED);
    SSL_do_handshake(ssl.get());
    status = server->read(into).status;
  }
  CHECK(status == IoStatus::kError);
}
TEST(Tls, AgreesOnHttp11AndOnNothingElse) {
  STRCMP_EQUAL("http/1.1", protocol_for(std::string_view("\x02h2\x08http/1.1")).c_str());
  STRCMP_EQUAL("http/1.1", protocol_for(std::string_view("\x08http/1.1")).c_str());
  STRCMP_EQUAL("", protocol_for(std::string_view("\x02h2")).c_str());
  STRCMP_EQUAL("", protocol_for("").c_str());
}
TEST(Tls, TheNameThatIsAskedForChoosesTheCertificate) {
  context = load({{dir.write("1.pem", make_pem("DNS:first.test").both()),
                   dir.write("2.pem", make_pem("DNS:second.test").both()),
                   dir.write("3.pem", make_pem("DNS:*.wild.test,DNS:wild.test").both())},
                  {},
                  ""});
  STRCMP_EQUAL("first.test", certificate_for("first.test").c_str());
  STRCMP_EQUAL("second.test", certificate_for("second.test").c_str());
  STRCMP_EQUAL("second.test", certificate_for("SECOND.test").c_str());
  STRCMP_EQUAL("a.wild.test", certificate_for("b.wild.test").c_str());
  STRCMP_EQUAL("first.test", certificate_for("unknown.test").c_str());
  STRCMP_EQUAL("first.test", certificate_for(nullptr).c_str());
  STRCMP_EQUAL("*.wild.test, wild.test", context->certificates()[2].names.c_str());
}
TEST(Tls, AKeyIsKnownByItsFitNotByItsPlace) {
  const PemPair a = make_pem("DNS:first.test"), b = make_pem("DNS:second.test"), c = make_pem("");
  context = load({{dir.write("a.pem", a.certificate), dir.write("b.pem", b.certificate),
                   dir.write("c.pem", c.both())},
                  {dir.write("b.key", b.key), dir.write("a.key", a.key)},
                  ""});
  STRCMP_EQUAL("second.test", certificate_for("second.test").c_str());
  STRCMP_EQUAL("first.test", certificate_for("first.test").c_str());
  STRCMP_EQUAL("test", context->certificates()[2].names.c_str());
}
TEST(Tls, TheKeyMayStandBeforeTheCertificate) {
  const PemPair pair = make_pem("DNS:radio.test");
  load({{dir.write("k.pem", pair.key + pair.certificate)}, {}, ""});
}
TEST(Tls, KnowsWhenACertificateExpires) {
  const auto soon = load({{dir.write("t.pem", make_pem("", 3600).both())}, {}, ""});
  const auto left = soon->certificates()[0].expires - std::chrono::system_clock::now();
  CHECK(left > std::chrono::minutes(58) && left <= std::chrono::minutes(60));
}
TEST(Tls, SaysWhyAFileCannotBeUsed) {
  const PemPair pair = make_pem("DNS:radio.test"), other = make_pem("DNS:radio.test");
  const auto has = [](const std::string& text, const char* part) {
    CHECK_TEXT(text.find(part) != std::string::npos, text.c_str());
  };
  has(complaint_of({{dir.path("nowhere.pem")}, {}, ""}),
      "nowhere.pem: cannot be read (No such file or directory)");
  has(complaint_of({{dir.write("text.pem", "hello")}, {}, ""}),
      "text.pem: holds no certificate in PEM form");
  has(complaint_of({{dir.write("key.pem", pair.key)}, {}, ""}),
      "key.pem: holds no certificate in PEM form");
  has(complaint_of({{dir.write("cert.pem", pair.certificate)}, {}, ""}),
      "cert.pem: holds no private key in PEM form");
  has(complaint_of({{dir.path("cert.pem")}, {dir.path("nowhere.key")}, ""}),
      "nowhere.key: cannot be read (No such file");
  has(complaint_of({{dir.path("cert.pem")}, {dir.write("other.key", other.key)}, ""}),
      "other.key: its key is not the one of the certificate");
  has(complaint_of(
          {{dir.path("cert.pem")}, {dir.write("locked.key", make_pem("", 1, "secret").key)}, ""}),
      "locked.key: its key is protected by a password");
  has(complaint_of(
          {{dir.write("cut.pem", pair.certificate.substr(0, 200) + pair.certificate.substr(300))},
           {},
           ""}),
      "cut.pem: ");
  LONGS_EQUAL(0, ERR_peek_error());
}
TEST(Tls, AnUnknownCipherListIsSaidAndNotUsed) {
  const auto loaded =
      TlsContext::load({{dir.write("t.pem", make_pem("").both())}, {}, "NO-SUCH-CIPHER"}, nullptr);
  CHECK(loaded.context != nullptr);
  LONGS_EQUAL(1, loaded.complaints.size());
  CHECK(loaded.complaints[0].find("NO-SUCH-CIPHER") != std::string::npos);
}
TEST(Tls, TheCipherListIsKept) {
  context = load({{dir.write("t.pem", make_pem("").both())}, {}, "ECDHE-ECDSA-AES256-GCM-SHA384"});
  SslContextPtr twelve(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_max_proto_version(twelve.get(), TLS1_2_VERSION);
  CHECK(shake_with(twelve.get()) == IoStatus::kDone);
  STRCMP_EQUAL("ECDHE-ECDSA-AES256-GCM-SHA384", SSL_get_cipher_name(ssl.get()));
  SSL_CTX_set_cipher_list(twelve.get(), "ECDHE-ECDSA-AES128-GCM-SHA256");
  CHECK(shake_with(twelve.get()) == IoStatus::kError);
}
TEST(Tls, ABrokenFileKeepsWhatWasLoadedOfItBefore) {
  const TlsSettings settings{{dir.write("1.pem", make_pem("DNS:first.test").both()),
                              dir.write("2.pem", make_pem("DNS:second.test").both())},
                             {},
                             ""};
  const auto before = load(settings);
  dir.write("1.pem", "broken");
  dir.write("2.pem", make_pem("DNS:second.test", 86400).both());
  const auto loaded = TlsContext::load(settings, before.get());
  CHECK(loaded.context != nullptr);
  LONGS_EQUAL(1, loaded.complaints.size());
  CHECK(loaded.complaints[0].find("stays in use") != std::string::npos);
  CHECK(loaded.context->certificates()[0].context == before->certificates()[0].context);
  CHECK(loaded.context->certificates()[1].context != before->certificates()[1].context);
  context = loaded.context;
  STRCMP_EQUAL("first.test", certificate_for("first.test").c_str());
  STRCMP_EQUAL("second.test", certificate_for("second.test").c_str());
}
TEST(Tls, AnOldConnectionGoesOnWhenItsContextHasGone) {
  connected();
  context.reset();
  write_text(*server, "still here");
  STRCMP_EQUAL("still here", read_all(*client, 100).c_str());
}
TEST(Tls, AHandshakeUnderWayKeepsItsContext) {
  one_certificate();
  join("radio.test");
  context.reset();
  const auto [ours, theirs] = shake();
  CHECK(ours == IoStatus::kDone && theirs == IoStatus::kDone);
}
TEST(Tls, AClientWantsTheRightNameAndATrustedRoot) {
  const auto refused = [this](const std::string& host, const std::string& ca) {
    join(host, ca);
    const auto [ours, theirs] = shake();
    CHECK(theirs == IoStatus::kError);
    return client->problem();
  };
  one_certificate("DNS:radio.test,IP:192.0.2.9");
  dir.write("stranger.pem", make_pem("DNS:radio.test").both());
  STRCMP_EQUAL("the certificate is not accepted: hostname mismatch",
               refused("evil.test", "tls.pem").c_str());
  STRCMP_EQUAL("the certificate is not accepted: IP address mismatch",
               refused("192.0.2.10", "tls.pem").c_str());
  CHECK(refused("radio.test", "stranger.pem").find("the certificate is not accepted: ") == 0);
  join("192.0.2.9");
  CHECK(shake().second == IoStatus::kDone);
  one_certificate("DNS:radio.test");
  context = load({{dir.write("tls.pem", make_pem("DNS:radio.test", -3600).both())}, {}, ""});
  STRCMP_EQUAL("the certificate is not accepted: certificate has expired",
               refused("radio.test", "tls.pem").c_str());
}
TEST(Tls, TheSystemsRootsAreTheDefault) {
  CHECK(TlsClientContext::load("").has_value());
  const auto bad = TlsClientContext::load(dir.path("nowhere.pem"));
  CHECK(!bad.has_value());
  CHECK(bad.error().what.find("nowhere.pem: cannot be used") != std::string::npos);
}
