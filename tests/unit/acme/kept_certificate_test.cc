#include "acme/kept_certificate.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "acme/certificate.h"
#include "acme/fake_authority.h"
#include "base/cat.h"
#include "base/temporary_directory.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;

TEST_GROUP(KeptCertificate) {
  TemporaryDirectory place;
  std::string dir = place.file("state");
};

TEST(KeptCertificate, WhatIsKeptIsReadAgainAndPrivate) {
  CHECK(read_account(dir, "https://ca.test/dir").error().code == Error::Code::kNotFound);
  CHECK(write_account(dir, "https://ca.test/dir", {"https://ca.test/1", "key"}).has_value());
  STRCMP_EQUAL("https://ca.test/1", read_account(dir, "https://ca.test/dir")->url.c_str());
  CHECK_FALSE(read_account(dir, "https://other.test/dir").has_value());
  CHECK(write_order(dir, {.names = {"a.test", "b.test"},
                          .directory = "https://ca.test/dir",
                          .issuer = "https://second.test/dir",
                          .failures = 3,
                          .tries = 2,
                          .unshown = 1,
                          .next = 77,
                          .since = 66,
                          .began = 55,
                          .asked = 44,
                          .why = "as told",
                          .begun = "https://ca.test/order/7",
                          .key = "a key",
                          .account = "https://ca.test/account/1",
                          .account_key = "its key"})
            .has_value());
  const auto order = read_order(dir, "a.test");
  LONGS_EQUAL(2, order->names.size());
  LONGS_EQUAL(3, order->failures);
  LONGS_EQUAL(2, order->tries);
  LONGS_EQUAL(1, order->unshown);
  LONGS_EQUAL(77, order->next);
  LONGS_EQUAL(66, order->since);
  LONGS_EQUAL(55, order->began);
  LONGS_EQUAL(44, order->asked);
  STRCMP_EQUAL("https://second.test/dir", order->issuer.c_str());
  STRCMP_EQUAL("as told", order->why.c_str());
  STRCMP_EQUAL("https://ca.test/order/7", order->begun.c_str());
  STRCMP_EQUAL("a key", order->key.c_str());
  STRCMP_EQUAL("https://ca.test/account/1", order->account.c_str());
  STRCMP_EQUAL("its key", order->account_key.c_str());
  CHECK(write_certificate(dir, "a.test", "chain and key").has_value());
  for (const auto& file : std::filesystem::recursive_directory_iterator(dir + "/acme")) {
    struct stat info {};
    if (file.is_directory()) continue;
    LONGS_EQUAL(0, ::stat(file.path().c_str(), &info));
    LONGS_EQUAL(0600, info.st_mode & 0777);
  }
}
TEST(KeptCertificate, AccountsHaveTheNameOfTheirDirectory) {
  STRCMP_EQUAL("accounts/acme-v02.api.letsencrypt.org-5e76d315.json",
               account_file("https://acme-v02.api.letsencrypt.org/directory").c_str());
  STRCMP_EQUAL("accounts/127.0.0.1-",
               account_file("https://127.0.0.1:14000/dir").substr(0, 19).c_str());
  STRCMP_EQUAL("accounts/2001-db8--1-",
               account_file("https://[2001:db8::1]:14000/dir").substr(0, 21).c_str());
}
TEST(KeptCertificate, NamesAreFilesOfThatDirectoryAlone) {
  STRCMP_EQUAL("/s/acme/certificates/_wildcard.a.test.pem",
               certificate_path("/s", "*.a.test").c_str());
  STRCMP_EQUAL("/s/acme/certificates/2001-db8--1.pem",
               certificate_path("/s", "2001:db8::1").c_str());
  STRCMP_EQUAL("/s/acme/certificates/..-..-etc-passwd.pem",
               certificate_path("/s", "../../etc/passwd").c_str());
}
TEST(KeptCertificate, ADamagedFileIsAnErrorThatNamesIt) {
  CHECK(write_order(dir, {.names = {"a.test"}, .directory = "d"}).has_value());
  std::ofstream(dir + "/acme/certificates/a.test.json") << "{\"failures\":";
  CHECK(read_order(dir, "a.test").error().what.find("a.test.json") != std::string::npos);
  std::ofstream(dir + "/acme/certificates/a.test.json")
      << R"({"names":7,"failures":99999999999,"next":-1})";
  const auto order = read_order(dir, "a.test");
  LONGS_EQUAL(1000, order->failures);
  LONGS_EQUAL(0, order->next);
  LONGS_EQUAL(0, order->names.size());
}
TEST(KeptCertificate, WhatWasKeptUnderOtherNamesIsInUseBefore) {
  FakeAuthority ca;
  const auto keep = [&](std::vector<std::string> names, long days) {
    const AcmeKey key = *AcmeKey::generate();
    ca.names = names;
    ca.days = days;
    ca.sign(*certificate_request(key, names));
    CHECK(write_certificate(dir, names.front(), ca.chain + key.pem()).has_value());
  };
  keep({"a.test", "b.test"}, 30);
  keep({"c.test"}, 60);
  const auto days = [](const FormerCertificates& former) {
    return (*former.until - system_clock().wall() + std::chrono::hours(1)) / std::chrono::days(1);
  };
  LONGS_EQUAL(30, days(former_certificates(dir, {"b.test"})));
  LONGS_EQUAL(30, days(former_certificates(dir, {"c.test", "a.test"})));
  LONGS_EQUAL(60, days(former_certificates(dir, {"c.test"})));
  const auto partly = former_certificates(dir, {"d.test", "c.test"});
  CHECK_FALSE(partly.until.has_value());
  LONGS_EQUAL(1, partly.without.size());
  STRCMP_EQUAL("d.test", partly.without.front().c_str());
  CHECK_FALSE(former_certificates(dir + "/none", {"c.test"}).until.has_value());
}
