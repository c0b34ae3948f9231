// What authorities are answered: the table, and the handshakes of tls-alpn-01.
#include <openssl/x509v3.h>

#include <memory>
#include <string>

#include "base/cat.h"
#include "net/crypto/digest.h"
#include "net/tls/challenge_context.h"
#include "net/tls/challenge_table.h"
#include "net/tls_fixture.h"

// Last, because it redefines `new`.
#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;

TEST_GROUP(ChallengeTable) { ChallengeTable table; };

TEST(ChallengeTable, OnlyWhatWasPutIsAnswered) {
  table.put_text(1, "one", "one.print");
  STRCMP_EQUAL("one.print", table.answer("one").c_str());
  STRCMP_EQUAL("", table.answer("on").c_str());
  STRCMP_EQUAL("", table.answer("").c_str());
  table.put_text(2, "two", "two.print");
  table.remove(1);
  STRCMP_EQUAL("", table.answer("one").c_str());
  STRCMP_EQUAL("two.print", table.answer("two").c_str());
}
TEST(ChallengeTable, ATokenIsNoServerNameAndTheOtherWayRound) {
  table.put_text(1, "radio.test", "x");
  table.put_context(1, "other.test", *challenge_context("other.test", "x"));
  CHECK(table.context("radio.test") == nullptr);
  STRCMP_EQUAL("", table.answer("other.test").c_str());
  CHECK(table.context("other.test") != nullptr);
}
TEST(ChallengeTable, TheOldestGoesWhereThereIsNoRoom) {
  for (std::size_t i = 0; i <= ChallengeTable::kMax; ++i) table.put_text(1, cat({"token", i}), "x");
  STRCMP_EQUAL("", table.answer("token0").c_str());
  STRCMP_EQUAL("x", table.answer("token1").c_str());
  STRCMP_EQUAL("x", table.answer(cat({"token", ChallengeTable::kMax})).c_str());
}

TEST_GROUP_BASE(TlsChallenge, TlsFixture) {
  const std::string protocol =
      "\x0a"
      "acme-tls/1";
  std::shared_ptr<ChallengeTable> table = std::make_shared<ChallengeTable>();
  SslContextPtr any{SSL_CTX_new(TLS_client_method())};

  void pending(const std::string& name) {
    table->put_context(1, challenge_server_name(name), *challenge_context(name, "token.print"));
  }
  void serve(TlsSettings settings) {
    context = TlsContext::load(settings, nullptr, nullptr, table).context;
    CHECK(context != nullptr);
  }
  TlsSettings bare() const {
    TlsSettings settings;
    settings.begins_bare = true;
    return settings;
  }
  // The value of the extension that the authority reads, in DER; "": the handshake failed.
  std::string shown(const char* server_name) {
    if (shake_with(any.get(), server_name, protocol) != IoStatus::kDone) return {};
    X509* x509 = SSL_get0_peer_certificate(ssl.get());
    ASN1_OBJECT* const kind = OBJ_txt2obj("1.3.6.1.5.5.7.1.31", 1);
    const int at = X509_get_ext_by_OBJ(x509, kind, -1);
    ASN1_OBJECT_free(kind);
    if (at < 0) return "no extension";
    X509_EXTENSION* extension = X509_get_ext(x509, at);
    CHECK(X509_EXTENSION_get_critical(extension) == 1);
    const ASN1_OCTET_STRING* value = X509_EXTENSION_get_data(extension);
    return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
            static_cast<std::size_t>(ASN1_STRING_length(value))};
  }
};

TEST(TlsChallenge, AnAuthorityIsShownTheDigestBeforeThereIsACertificate) {
  serve(bare());
  pending("radio.test");
  STRCMP_EQUAL(cat({"\x04\x20", sha256("token.print")}).c_str(), shown("RADIO.test").c_str());
  CHECK(server->was_challenge());
  X509* x509 = SSL_get0_peer_certificate(ssl.get());
  CHECK(X509_check_host(x509, "radio.test", 0, 0, nullptr) == 1);
}
TEST(TlsChallenge, AnAddressIsAskedForByItsReverseName) {
  STRCMP_EQUAL("1.0.0.127.in-addr.arpa", challenge_server_name("127.0.0.1").c_str());
  STRCMP_EQUAL("1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa",
               challenge_server_name("2001:db8::1").c_str());
  serve(bare());
  pending("127.0.0.1");
  CHECK(shown("1.0.0.127.in-addr.arpa").size() == 34);
  CHECK(X509_check_ip_asc(SSL_get0_peer_certificate(ssl.get()), "127.0.0.1", 0) == 1);
}
TEST(TlsChallenge, BesideACertificateTheNameDoesNotSwitchBack) {
  one_certificate("DNS:first.test");
  serve({{dir.path("tls.pem")}, {}, ""});
  pending("first.test");
  CHECK(shown("first.test").size() == 34);
  STRCMP_EQUAL("first.test", certificate_for("first.test").c_str());
  CHECK_FALSE(server->was_challenge());
}
TEST(TlsChallenge, WithoutAnOrderAndWithOtherProtocolsThereIsNone) {
  one_certificate("DNS:first.test");
  serve({{dir.path("tls.pem")}, {}, ""});
  STRCMP_EQUAL("", shown("first.test").c_str());
  STRCMP_EQUAL("", shown(nullptr).c_str());
  pending("first.test");
  STRCMP_EQUAL("", shown("second.test").c_str());
  // Not alone: an ordinary client.
  CHECK(shake_with(any.get(), "first.test", protocol + "\x08http/1.1") == IoStatus::kDone);
  CHECK_FALSE(server->was_challenge());
}
TEST(TlsChallenge, WithoutACertificateOrdinaryClientsAreRefused) {
  serve(bare());
  pending("radio.test");
  CHECK(shake_with(any.get(), "radio.test") != IoStatus::kDone);
  CHECK(shake_with(any.get()) != IoStatus::kDone);
}
TEST(TlsChallenge, NoCertificateIsMadeOfWhatIsNoName) {
  for (const char* name : {"", "a,DNS:bank.test", "a b", "a\n", "a;b", "A.test"})
    CHECK_FALSE(challenge_context(name, "x").has_value());
}
TEST(TlsChallenge, AClientWithoutANameGetsTheCertificateOfItsAddress) {
  // The sockets of these tests have no address: the first one stays.
  serve({{dir.write("1.pem", make_pem("DNS:first.test").both()),
          dir.write("2.pem", make_pem("DNS:second.test,IP:127.0.0.1").both())},
         {},
         ""});
  STRCMP_EQUAL("first.test", certificate_for(nullptr).c_str());
  STRCMP_EQUAL("second.test, 127.0.0.1", context->certificates()[1].names.c_str());
  CHECK(context->has_name("127.0.0.1", std::chrono::system_clock::now()));
}
