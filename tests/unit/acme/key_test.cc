#include "acme/key.h"

#include <openssl/evp.h>

#include <string>

#include "acme/answer.h"
#include "acme/certificate.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(AcmeKey){};

TEST(AcmeKey, OneOfRsaIsForCertificatesAlone) {
  const AcmeKey made = *AcmeKey::generate(AcmeKeyKind::kRsa);
  LONGS_EQUAL(2048, EVP_PKEY_get_bits(made.handle()));
  CHECK_TRUE(certificate_request(made, {"radio.test"}).has_value());
  CHECK_TRUE(made.pem().find("PRIVATE KEY") != std::string::npos);
  // An account's is never one.
  CHECK_FALSE(AcmeKey::from_pem(made.pem()).has_value());
}
TEST(AcmeKey, AKeyThatWasKeptIsTheSame) {
  const AcmeKey made = *AcmeKey::generate();
  const auto read = AcmeKey::from_pem(made.pem());
  CHECK_TRUE(read.has_value());
  STRCMP_EQUAL(made.thumbprint().c_str(), read->thumbprint().c_str());
  LONGS_EQUAL(64, made.sign("text").size());
  CHECK(made.sign("text") != made.sign("text"));  // by chance, as ECDSA
}
TEST(AcmeKey, AnotherKindOfKeyIsRefused) {
  CHECK_FALSE(AcmeKey::from_pem("").has_value());
  CHECK_FALSE(AcmeKey::from_pem("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
                  .has_value());
}
TEST(AcmeKey, NamesThatNoCertificateHasAreRefused) {
  const AcmeKey key = *AcmeKey::generate();
  CHECK_TRUE(certificate_request(key, {"radio.test", "*.radio.test", "2001:db8::1", "192.0.2.1"})
                 .has_value());
  CHECK_FALSE(certificate_request(key, {""}).has_value());
  CHECK_FALSE(certificate_request(key, {std::string(254, 'a')}).has_value());
}
TEST(AcmeKey, TextsOfOthersAreCutAndClean) {
  STRCMP_EQUAL("ab", cleaned_text("a\x1b\n\x7f\xff\xc2\x80"
                                  "b")
                         .c_str());
  LONGS_EQUAL(300, cleaned_text(std::string(100'000, 'x')).size());
  LONGS_EQUAL(299, cleaned_text(std::string(299, 'x') + "\xc3\xa9").size());
}
