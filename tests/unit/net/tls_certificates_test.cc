// Which certificates and ciphers a TLS connection has, and which certificates a client accepts.
#include <sys/stat.h>

#include <chrono>
#include <string>

#include "net/tls_fixture.h"

// Last, because it redefines `new`.
#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;

TEST_GROUP_BASE(TlsCertificates, TlsFixture){};

TEST(TlsCertificates, TheNameThatIsAskedForChoosesTheCertificate) {
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
TEST(TlsCertificates, AKeyIsKnownByItsFitNotByItsPlace) {
  const PemPair a = make_pem("DNS:first.test"), b = make_pem("DNS:second.test"), c = make_pem("");
  context = load({{dir.write("a.pem", a.certificate), dir.write("b.pem", b.certificate),
                   dir.write("c.pem", c.both())},
                  {dir.write("b.key", b.key), dir.write("a.key", a.key)},
                  ""});
  STRCMP_EQUAL("second.test", certificate_for("second.test").c_str());
  STRCMP_EQUAL("first.test", certificate_for("first.test").c_str());
  STRCMP_EQUAL("test", context->certificates()[2].names.c_str());
}
TEST(TlsCertificates, TheKeyMayStandBeforeTheCertificate) {
  const PemPair pair = make_pem("DNS:radio.test");
  load({{dir.write("k.pem", pair.key + pair.certificate)}, {}, ""});
}
TEST(TlsCertificates, KnowsWhenACertificateExpires) {
  const auto soon = load({{dir.write("t.pem", make_pem("", 3600).both())}, {}, ""});
  const auto left = soon->certificates()[0].expires - std::chrono::system_clock::now();
  CHECK(left > std::chrono::minutes(58) && left <= std::chrono::minutes(60));
}
TEST(TlsCertificates, ReportsWhyAFileCannotBeUsed) {
  const PemPair pair = make_pem("DNS:radio.test"), other = make_pem("DNS:radio.test");
  const auto has = [](const std::string& text, const char* part) {
    CHECK_TEXT(text.find(part) != std::string::npos, text.c_str());
  };
  has(complaint_of({{dir.path("nowhere.pem")}, {}, ""}),
      "nowhere.pem: cannot be read: No such file or directory");
  has(complaint_of({{dir.write("text.pem", "hello")}, {}, ""}),
      "text.pem: holds no certificate in PEM form");
  has(complaint_of({{dir.write("key.pem", pair.key)}, {}, ""}),
      "key.pem: holds no certificate in PEM form");
  has(complaint_of({{dir.write("cert.pem", pair.certificate)}, {}, ""}),
      "cert.pem: holds no private key in PEM form");
  has(complaint_of({{dir.path("cert.pem")}, {dir.path("nowhere.key")}, ""}),
      "nowhere.key: cannot be read: No such file");
  has(complaint_of({{dir.path("cert.pem")}, {dir.write("other.key", other.key)}, ""}),
      "other.key: its key is not the one of the certificate");
  has(complaint_of({{dir.write("back.pem", other.certificate + pair.both())}, {}, ""}),
      "back.pem: its key is that of a later certificate, which comes first");
  has(complaint_of(
          {{dir.path("cert.pem")}, {dir.write("locked.key", make_pem("", 1, "secret").key)}, ""}),
      "locked.key: its key is protected by a password");
  has(complaint_of(
          {{dir.write("cut.pem", pair.certificate.substr(0, 200) + pair.certificate.substr(300))},
           {},
           ""}),
      "cut.pem: holds a certificate that is not whole (");
  LONGS_EQUAL(0, ERR_peek_error());
}
TEST(TlsCertificates, AnUnknownCipherListIsSaidAndNotUsed) {
  const auto loaded =
      TlsContext::load({{dir.write("t.pem", make_pem("").both())}, {}, "NO-SUCH-CIPHER"}, nullptr);
  CHECK(loaded.context != nullptr);
  LONGS_EQUAL(1, loaded.complaints.size());
  CHECK(loaded.complaints[0].find("NO-SUCH-CIPHER") != std::string::npos);
}
TEST(TlsCertificates, TheCipherListIsKept) {
  context = load({{dir.write("t.pem", make_pem("").both())}, {}, "ECDHE-ECDSA-AES256-GCM-SHA384"});
  SslContextPtr twelve(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_max_proto_version(twelve.get(), TLS1_2_VERSION);
  CHECK(shake_with(twelve.get()) == IoStatus::kDone);
  STRCMP_EQUAL("ECDHE-ECDSA-AES256-GCM-SHA384", SSL_get_cipher_name(ssl.get()));
  SSL_CTX_set_cipher_list(twelve.get(), "ECDHE-ECDSA-AES128-GCM-SHA256");
  CHECK(shake_with(twelve.get()) == IoStatus::kError);
}
TEST(TlsCertificates, CiphersForAnotherKindOfKeyAreSaid) {
  const std::string ec = dir.write("ec.pem", make_pem("DNS:radio.test").both());
  const std::string rsa =
      dir.write("rsa.pem", make_pem("DNS:radio.test", 86400, nullptr, true).both());
  const auto loaded = TlsContext::load({{ec}, {}, "ECDHE-RSA-AES128-GCM-SHA256"}, nullptr);
  LONGS_EQUAL(1, loaded.complaints.size());
  STRCMP_EQUAL(
      "ssl-allowed-ciphers \"ECDHE-RSA-AES128-GCM-SHA256\": names no cipher for the certificate "
      "for radio.test (EC 256); clients of TLS 1.2 are refused",
      loaded.complaints[0].c_str());
  // Its clients get the other one.
  load({{ec, rsa}, {}, "ECDHE-RSA-AES128-GCM-SHA256"});
  load({{rsa}, {}, "ECDHE-RSA-AES128-GCM-SHA256"});
}
TEST(TlsCertificates, TheDefaultHasForwardSecrecyAndNoCbc) {
  for (const std::string mine : {"", "TLS_AES_256_GCM_SHA384", "NO-SUCH-CIPHER"}) {
    const auto loaded =
        TlsContext::load({{dir.write("t.pem", make_pem("").both())}, {}, mine}, nullptr);
    SSL_CTX* made = loaded.context->certificates()[0].context.get();
    const STACK_OF(SSL_CIPHER)* all = SSL_CTX_get_ciphers(made);
    int of_twelve = 0;
    for (int i = 0; i < sk_SSL_CIPHER_num(all); ++i) {
      const SSL_CIPHER* cipher = sk_SSL_CIPHER_value(all, i);
      CHECK(SSL_CIPHER_is_aead(cipher) == 1);
      const bool thirteen = SSL_CIPHER_get_kx_nid(cipher) == NID_kx_any;
      CHECK(thirteen || SSL_CIPHER_get_kx_nid(cipher) == NID_kx_ecdhe);
      of_twelve += thirteen ? 0 : 1;
    }
    CHECK(of_twelve >= 4);
  }
}
TEST(TlsCertificates, ABrokenFileKeepsWhatWasLoadedOfItBefore) {
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
  // Not in the context that connections take from meanwhile.
  CHECK(loaded.context->certificates()[0].context != before->certificates()[0].context);
  CHECK(loaded.context->certificates()[1].context != before->certificates()[1].context);
  context = loaded.context;
  STRCMP_EQUAL("first.test", certificate_for("first.test").c_str());
  STRCMP_EQUAL("second.test", certificate_for("second.test").c_str());
}
TEST(TlsCertificates, ABrokenFileKeepsItsCertificateBesideTheOtherKindOfKey) {
  const auto pem = [](bool rsa) { return make_pem("DNS:radio.test", 86400, nullptr, rsa).both(); };
  const TlsSettings settings{
      {dir.write("ec.pem", pem(false)), dir.write("rsa.pem", pem(true))}, {}, "ECDHE+AESGCM"};
  const auto signs = [this](const char* algorithm) {
    SslContextPtr any(SSL_CTX_new(TLS_client_method()));
    SSL_CTX_set1_sigalgs_list(any.get(), algorithm);
    return shake_with(any.get(), "radio.test") == IoStatus::kDone;
  };
  for (const char* broken : {"ec.pem", "rsa.pem"}) {
    const auto before = load(settings);
    X509* const old = SSL_CTX_get0_certificate(before->certificates()[0].context.get());
    dir.write(broken, "broken");
    const auto loaded = TlsContext::load(settings, before.get());
    LONGS_EQUAL(1, loaded.complaints.size());
    context = loaded.context;
    CHECK(signs("ECDSA+SHA256"));
    CHECK(signs("RSA-PSS+SHA256"));
    // Connections take from that of before, and it is as it was.
    CHECK(SSL_CTX_get0_certificate(before->certificates()[0].context.get()) == old);
    dir.write(broken, pem(broken[0] == 'r'));
  }
}
TEST(TlsCertificates, AClientWantsTheRightNameAndATrustedRoot) {
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
TEST(TlsCertificates, TheSystemsRootsAreTheDefault) {
  CHECK(TlsClientContext::load("").has_value());
  const auto bad = TlsClientContext::load(dir.path("nowhere.pem"));
  CHECK(!bad.has_value());
  CHECK(bad.error().what.find("nowhere.pem: cannot be read") != std::string::npos);
}
TEST(TlsCertificates, AFifoIsNoFile) {
  const std::string fifo = dir.path("fifo");
  LONGS_EQUAL(0, ::mkfifo(fifo.c_str(), 0600));
  const std::string words = fifo + ": is not a regular file";
  STRCMP_EQUAL(words.c_str(), complaint_of({{fifo}, {}, ""}).c_str());
  STRCMP_CONTAINS(
      words.c_str(),
      complaint_of({{dir.write("t.pem", make_pem("").certificate)}, {fifo}, ""}).c_str());
  STRCMP_EQUAL(("ssl-cafile " + words).c_str(), TlsClientContext::load(fifo).error().what.c_str());
}
