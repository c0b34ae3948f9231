#include "net/tls/tls_keeper.h"

#include <sys/stat.h>

#include <fstream>
#include <iterator>
#include <string>

#include "net/certificates.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

TEST_GROUP(TlsKeeper) {
  TestDirectory dir;
  FakeClock clock;
  Log log{clock};
  Loop clerk{0, clock};
  int firsts = 0;
  std::unique_ptr<TlsKeeper> keeper;

  void setup() override {
    clock.set_wall(std::chrono::system_clock::now());
    LogSettings settings;
    settings.error_path = dir.path("error.log");
    CHECK(log.open(settings).has_value());
    keeper = std::make_unique<TlsKeeper>(clerk, log);
    keeper->watch(1h, [this] { ++firsts; });
  }
  void teardown() override { keeper.reset(); }
  // What has been logged since the last call.
  std::size_t read = 0;
  std::string logged() {
    std::ifstream in(dir.path("error.log"), std::ios::binary);
    const std::string all{std::istreambuf_iterator<char>(in), {}};
    const std::string fresh = all.substr(read);
    read = all.size();
    return fresh;
  }
  bool says(const std::string& text, const char* part) {
    return text.find(part) != std::string::npos;
  }
};

TEST(TlsKeeper, WithoutCertificatesThereIsNoContextAndNoComplaint) {
  keeper->load({});
  CHECK(keeper->context() == nullptr);
  keeper->poll_files();
  STRCMP_EQUAL("", logged().c_str());
}
TEST(TlsKeeper, LogsWhatItServes) {
  keeper->load({{dir.write("t.pem", make_pem("DNS:radio.test").both())}, {}, ""});
  CHECK(keeper->context() != nullptr);
  LONGS_EQUAL(1, firsts);
  const std::string text = logged();
  CHECK(says(text, "INFO connection/tls certificate for radio.test (EC 256) is in use, from "));
  CHECK(!says(text, "WARN"));
}
TEST(TlsKeeper, TakesAChangedFileWhenItHasSettled) {
  const TlsSettings settings{{dir.write("t.pem", make_pem("DNS:old.test").both())}, {}, ""};
  keeper->load(settings);
  const auto before = keeper->context();
  keeper->poll_files();
  keeper->poll_files();
  CHECK(keeper->context() == before);
  dir.write("t.pem", make_pem("DNS:new.test").both());
  keeper->poll_files();
  CHECK(keeper->context() == before);  // perhaps the key is yet to come
  keeper->poll_files();
  CHECK(keeper->context() != before);
  STRCMP_EQUAL("new.test", keeper->context()->certificates()[0].names.c_str());
  LONGS_EQUAL(1, firsts);
}
TEST(TlsKeeper, IsNotCaughtBetweenACertificateAndItsKey) {
  const PemPair old = make_pem("DNS:old.test"), fresh = make_pem("DNS:new.test");
  keeper->load({{dir.write("t.pem", old.certificate)}, {dir.write("t.key", old.key)}, ""});
  logged();
  dir.write("t.pem", fresh.certificate);
  keeper->poll_files();
  dir.write("t.key", fresh.key);
  keeper->poll_files();
  keeper->poll_files();
  STRCMP_EQUAL("new.test", keeper->context()->certificates()[0].names.c_str());
  CHECK(!says(logged(), "EROR"));
}
TEST(TlsKeeper, ABrokenFileIsSaidOnceAndChangesNothing) {
  keeper->load({{dir.write("t.pem", make_pem("DNS:radio.test").both())}, {}, ""});
  const auto certificate = keeper->context()->certificates()[0].chain;
  logged();
  dir.write("t.pem", "nonsense");
  for (int i = 0; i < 2; ++i) keeper->poll_files();
  const std::string text = logged();
  CHECK(says(text, "EROR connection/tls "));
  CHECK(says(text,
             "t.pem: holds no certificate in PEM form; the certificate that was loaded before "
             "stays in use"));
  for (int i = 0; i < 5; ++i) keeper->poll_files();
  STRCMP_EQUAL("", logged().c_str());
  CHECK(keeper->context()->certificates()[0].chain == certificate);
}
TEST(TlsKeeper, AMissingCertificateIsTakenWhenItComes) {
  keeper->load({{dir.path("t.pem")}, {}, ""});
  CHECK(keeper->context() == nullptr);
  CHECK(says(logged(), "t.pem: cannot be read: No such file or directory"));
  LONGS_EQUAL(0, firsts);
  dir.write("t.pem", make_pem("DNS:radio.test").both());
  keeper->poll_files();
  keeper->poll_files();
  CHECK(keeper->context() != nullptr);
  LONGS_EQUAL(1, firsts);
}
TEST(TlsKeeper, LoadTakesFilesThatHaveNotChangedToo) {
  const TlsSettings settings{{dir.write("t.pem", make_pem("DNS:radio.test").both())}, {}, ""};
  keeper->load(settings);
  const auto before = keeper->context();
  keeper->load(settings);
  CHECK(keeper->context() != before);
}
TEST(TlsKeeper, ACertificateThatIsNoLongerConfiguredGoes) {
  keeper->load({{dir.write("t.pem", make_pem("DNS:radio.test").both())}, {}, ""});
  keeper->load({});
  CHECK(keeper->context() == nullptr);
}
TEST(TlsKeeper, WarnsOfACertificateThatExpiresSoonOnceADay) {
  keeper->load(
      {{dir.write("t.pem", make_pem("DNS:radio.test", 13 * 86400 + 3600).both())}, {}, ""});
  CHECK(says(logged(), "WARN connection/tls the certificate for radio.test in "));
  keeper->poll_files();
  STRCMP_EQUAL("", logged().c_str());
  clock.advance(24h);
  keeper->poll_files();
  CHECK(says(logged(), " expires in 12 days, on "));
  clock.advance(13 * 24h);
  keeper->poll_files();
  CHECK(says(logged(), " has expired on "));
}
TEST(TlsKeeper, DoesNotWarnTwoWeeksAhead) {
  keeper->load({{dir.write("t.pem", make_pem("DNS:radio.test", 15 * 86400).both())}, {}, ""});
  CHECK(!says(logged(), "WARN"));
  clock.advance(48h);
  keeper->poll_files();
  CHECK(says(logged(), "WARN"));
}
TEST(TlsKeeper, WarnsOfOneThatThisServerRenewsWhenItHasExpired) {
  const std::string file = dir.write("t.pem", make_pem("DNS:radio.test", 6 * 86400).both());
  keeper->load({{file}, {}, ""}, file.substr(0, file.rfind('/') + 1));
  CHECK(!says(logged(), "WARN"));
  clock.advance(7 * 24h);
  keeper->poll_files();
  CHECK(says(logged(), " has expired on "));
}
TEST(TlsKeeper, PollsByItselfAgainAndAgain) {
  keeper->load({{dir.write("t.pem", make_pem("DNS:old.test").both())}, {}, ""});
  dir.write("t.pem", make_pem("DNS:new.test").both());
  keeper->watch(1ms, [] {});
  for (int i = 0; i < 1000 && keeper->context()->certificates()[0].names != "new.test"; ++i)
    clerk.run_once(true);
  STRCMP_EQUAL("new.test", keeper->context()->certificates()[0].names.c_str());
}
TEST(TlsKeeper, ATicketKeyFileThatIsTooShortIsSaid) {
  TlsSettings settings{{dir.write("t.pem", make_pem("DNS:radio.test").both())}, {}, ""};
  settings.ticket_key_file = dir.write("ticket.key", "short");
  keeper->load(settings);
  CHECK(says(
      logged(),
      "ticket.key: has 5 bytes, and 32 are needed; tickets are not shared with other servers"));
  CHECK(keeper->context() != nullptr);
  const auto before = keeper->context();
  dir.write("ticket.key", std::string(32, 'k'));
  keeper->poll_files();
  keeper->poll_files();
  CHECK(keeper->context() != before);
  CHECK(!says(logged(), "EROR"));
}
TEST(TlsKeeper, TicketSecretsAreInAFileOfItsOwnAndABadOneIsSaidAndReplaced) {
  TlsSettings settings{{dir.write("t.pem", make_pem("DNS:radio.test").both())}, {}, ""};
  settings.ticket_ring_file = dir.path("ticket.secrets");
  const auto text = [&] {
    std::ifstream in(settings.ticket_ring_file, std::ios::binary);
    return std::string{std::istreambuf_iterator<char>(in), {}};
  };
  const auto start = [&] {
    keeper = std::make_unique<TlsKeeper>(clerk, log);
    keeper->load(settings);
    keeper->watch(1h, [] {});
    return logged();
  };
  CHECK(!says(start(), "ticket.secrets"));
  const std::string first = text();
  CHECK(TicketRing::parse(first).has_value());
  struct stat info {};
  CHECK(::stat(settings.ticket_ring_file.c_str(), &info) == 0);
  LONGS_EQUAL(0600, info.st_mode & 07777);
  CHECK(!says(start(), "ticket.secrets"));
  CHECK(text() == first);
  clock.set_wall(clock.wall() + 1h);
  keeper->poll_files();
  LONGS_EQUAL(2, TicketRing::parse(text())->size());
  clock.set_wall(clock.wall() + 3h);
  keeper->poll_files();
  LONGS_EQUAL(1, TicketRing::parse(text())->size());  // nobody has the others any more

  dir.write("ticket.secrets", first.substr(0, first.size() / 2));
  CHECK(::chmod(settings.ticket_ring_file.c_str(), 0600) == 0);
  CHECK(says(start(), "WARN connection/tls "));
  CHECK(TicketRing::parse(text()).has_value());
  const std::string fresh = text();
  CHECK(::chmod(settings.ticket_ring_file.c_str(), 0644) == 0);
  CHECK(says(start(), "ticket.secrets: is not of this account alone; the ticket secrets are new"));
  CHECK(text() != fresh);
}
