#include "net/crypto/signing.h"

#include <string>
#include <vector>

#include "base/encoding.h"
#include "net/crypto/digest.h"
#include "net/crypto/seal.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

std::string bytes_of_hex(std::string_view hex) {
  std::string text;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    text += '%';
    text += hex.substr(i, 2);
  }
  return *percent_decode(text, false);
}

}  // namespace

TEST_GROUP(Signing){};

// RFC 8032, 7.1: seed, public key, message, signature.
TEST(Signing, TheVectorsOfTheRfc) {
  struct Vector {
    const char *seed, *known, *text, *signature;
  };
  const std::vector<Vector> vectors{
      {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
       "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
       "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf"
       "9"
       "b46bd25bf5f0595bbe24655141438e7a100b"},
      {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
       "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
       "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f"
       "1"
       "1d8c387b2eaeb4302aeeb00d291612bb0c00"},
      {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
       "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
       "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984"
       "d"
       "c6594a7c15e9716ed28dc027beceea1ec40a"},
  };
  for (const Vector& v : vectors) {
    const auto key = SigningKey::from_seed(bytes_of_hex(v.seed));
    CHECK(key.has_value());
    CHECK_EQUAL(std::string(v.known), hex_encode(key->public_key()));
    CHECK_EQUAL(std::string(v.signature), hex_encode(key->sign(bytes_of_hex(v.text))));
    CHECK(signature_holds(bytes_of_hex(v.known), bytes_of_hex(v.text), bytes_of_hex(v.signature)));
  }
}
TEST(Signing, EachChangedBitIsNoticed) {
  const SigningKey key = SigningKey::generate();
  const std::string text = "v1.a session";
  const std::string signature = key.sign(text);
  CHECK(signature_holds(key.public_key(), text, signature));
  for (std::size_t bit = 0; bit < signature.size() * 8; ++bit) {
    std::string other = signature;
    other[bit / 8] = static_cast<char>(other[bit / 8] ^ (1 << bit % 8));
    CHECK(!signature_holds(key.public_key(), text, other));
  }
  CHECK(!signature_holds(key.public_key(), text + ".", signature));
  CHECK(!signature_holds(SigningKey::generate().public_key(), text, signature));
  CHECK(!signature_holds("", text, signature));
  CHECK(!signature_holds(key.public_key(), text, signature + "x"));
  CHECK(!SigningKey::from_seed("short").has_value());
}
TEST(Signing, Sha256IsThatOfTheStandard) {
  CHECK_EQUAL(std::string("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
              hex_encode(sha256("abc")));
}
// RFC 5869, A.1 and A.3.
TEST(Signing, HkdfIsThatOfTheRfc) {
  const std::string secret(22, '\x0b');
  CHECK_EQUAL(
      std::string("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b88718"
                  "5865"),
      hex_encode(hkdf_sha256(secret, bytes_of_hex("000102030405060708090a0b0c"),
                             bytes_of_hex("f0f1f2f3f4f5f6f7f8f9"), 42)));
  CHECK_EQUAL(
      std::string("8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a"
                  "96c8"),
      hex_encode(hkdf_sha256(secret, "", "", 42)));
}
// GCM's test cases 14 and 16 (McGrew and Viega).
TEST(Signing, SealsAreGcm) {
  CHECK_EQUAL(std::string("000000000000000000000000cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0"
                          "265b98b5d48ab919"),
              hex_encode(seal_with(std::string(32, '\0'), std::string(12, '\0'),
                                   std::string(16, '\0'), "")));
  const std::string key =
      bytes_of_hex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308");
  const std::string text = bytes_of_hex(
      "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6"
      "b525b16aedf5aa0de657ba637b39");
  const std::string sealed = seal_with(key, bytes_of_hex("cafebabefacedbaddecaf888"), text,
                                       bytes_of_hex("feedfacedeadbeeffeedfacedeadbeefabaddad2"));
  CHECK_EQUAL(std::string("76fc6ece0f4e1768cddf8853bb2d551b"),
              hex_encode(sealed).substr((sealed.size() - 16) * 2));
}
TEST(Signing, ASealOpensForItsKeyAndItsPlaceAlone) {
  const std::string key = random_bytes(32);
  const std::string sealed = seal(key, "the secret", "mounts/rock");
  CHECK(open_seal(key, sealed, "mounts/rock") == "the secret");
  CHECK(!open_seal(key, sealed, "mounts/jazz"));
  CHECK(!open_seal(random_bytes(32), sealed, "mounts/rock"));
  CHECK(!open_seal("short", sealed, "mounts/rock"));
  CHECK(!open_seal(key, "", "mounts/rock"));
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    std::string other = sealed;
    other[i] = static_cast<char>(other[i] ^ 1);
    CHECK(!open_seal(key, other, "mounts/rock"));
  }
  CHECK(seal(key, "the secret") != seal(key, "the secret"));
  CHECK(open_seal(key, seal(key, "")) == "");
}
