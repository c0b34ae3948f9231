#include "acme/renewal.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

#include "acme/certificate.h"
#include "acme/settings.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace std::chrono_literals;

TEST_GROUP(Renewal){static long days(std::chrono::days life, double chance){
    const WallTime begins{std::chrono::seconds(1'700'000'000)};
return std::chrono::duration_cast<std::chrono::days>(
           renewal_time({begins, begins + life, ""}, chance) - begins)
    .count();
}
}
;

TEST(Renewal, AtTwoThirdsOfALongLifeAndAtHalfOfAShortOne) {
  LONGS_EQUAL(60, days(std::chrono::days(90), 0.501));
  LONGS_EQUAL(55, days(std::chrono::days(90), 0));
  LONGS_EQUAL(64, days(std::chrono::days(90), 0.999));
  LONGS_EQUAL(3, days(std::chrono::days(6), 0.501));
}
TEST(Renewal, FailuresAreFurtherAndFurtherApart) {
  std::chrono::seconds before{0};
  for (unsigned failures = 1; failures <= 7; ++failures) {
    const auto time = time_to_retry(failures, 0s, 0.5);
    CHECK(time > before);
    before = time;
  }
  LONGS_EQUAL(60, time_to_retry(1, 0s, 0.5).count());
  LONGS_EQUAL(54, time_to_retry(1, 0s, 0).count());
  LONGS_EQUAL(86'400, time_to_retry(1000, 0s, 0.5).count());
  LONGS_EQUAL(60, time_to_retry(0, 0s, 0.5).count());
}
TEST(Renewal, WhatTheAuthorityAsksForIsTheLeast) {
  LONGS_EQUAL(200'000, time_to_retry(1, 200'000s, 0.5).count());
  LONGS_EQUAL(60, time_to_retry(1, 10s, 0.5).count());
}

TEST_GROUP(AcmeNames){};

TEST(AcmeNames, NamesThatNoPublicAuthoritySigns) {
  for (const char* name :
       {"localhost", "radio", "radio.local", "RADIO.Internal", "radio.test", "a.example",
        "10.0.0.1", "192.168.0.1", "127.0.0.1", "::1", "fd00::1", "router.lan", ""})
    CHECK_FALSE(why_not_public(name).empty());
  for (const char* name :
       {"http://radio.example.org", "radio.example.org:8443", "radio.example.org/",
        "a..example.org", ".example.org", "-a.example.org", "a-.example.org", "a_b.example.org",
        "a*.example.org", "*.*.example.org", "300.1.1.1", "m\xc3\xbcnchen.example.org",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example.org"})
    STRCMP_EQUAL("it is not a DNS name", std::string(why_not_public(name)).c_str());
  for (const char* name : {"radio.example.org", "a.b.fm", "9.9.9.9", "2620:fe::fe", "test.de",
                           "local.radio", "*.example.org", "xn--mnchen-3ya.example.org", "1.fm"})
    STRCMP_EQUAL("", std::string(why_not_public(name)).c_str());
}
TEST(AcmeNames, AuthoritiesHaveNamesOrAddresses) {
  CHECK(is_public_authority({}));
  STRCMP_EQUAL("https://acme-v02.api.letsencrypt.org/directory", directory_url({}).c_str());
  AcmeAuthority own;
  own.url = "https://ca.example.org/dir";
  CHECK_FALSE(is_public_authority(own));
  for (const char* url :
       {"letsencrypt-staging", "https://acme-v02.api.letsencrypt.org/directory/",
        "https://acme.zerossl.com/v2/DV90", "https://ACME.zerossl.com:443/v2/DV90",
        "https://dv.acme-v02.api.pki.goog/directory", "https://acme.ssl.com/sslcom-dv-rsa"}) {
    AcmeAuthority known;
    known.url = url;
    CHECK_TEXT(is_public_authority(known), url);
  }
  STRCMP_EQUAL("https://ca.example.org/dir", directory_url(own).c_str());
}

TEST_GROUP(RenewalId){};

// The example of RFC 9773 4.1.
TEST(RenewalId, IsTheKeyOfTheIssuerAndTheBytesOfTheSerialNumber) {
  const AcmeKey key = *AcmeKey::generate();
  const auto made = std::unique_ptr<X509, decltype(&X509_free)>(X509_new(), &X509_free);
  BIGNUM* number = nullptr;
  BN_hex2bn(&number, "87654321");
  BN_to_ASN1_INTEGER(number, X509_get_serialNumber(made.get()));
  BN_free(number);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), 0);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), 60);
  X509_set_pubkey(made.get(), key.handle());
  const auto pem = [&] {
    X509_sign(made.get(), key.handle(), EVP_sha256());
    const BioPtr out(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509(out.get(), made.get());
    char* data = nullptr;
    const long size = BIO_get_mem_data(out.get(), &data);
    return std::string(data, static_cast<std::size_t>(size));
  };
  STRCMP_EQUAL("", renewal_id(pem()).c_str());
  AUTHORITY_KEYID* issuer = AUTHORITY_KEYID_new();
  constexpr std::string_view bytes =
      "\x69\x88\x5b\x6b\x87\x46\x40\x41\xe1\xb3\x7b\x84\x7b\xa0\xae\x2c\xde\x01\xc8\xd4";
  issuer->keyid = ASN1_OCTET_STRING_new();
  ASN1_OCTET_STRING_set(issuer->keyid, reinterpret_cast<const unsigned char*>(bytes.data()),
                        static_cast<int>(bytes.size()));
  X509_add1_ext_i2d(made.get(), NID_authority_key_identifier, issuer, 0, 0);
  AUTHORITY_KEYID_free(issuer);
  STRCMP_EQUAL("aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE", renewal_id(pem()).c_str());
  STRCMP_EQUAL("", renewal_id("no certificate").c_str());
}
