#include "net/crypto/digest.h"

#include <string>

#include "base/encoding.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(Digest){};

TEST(Digest, Md5IsThatOfRfc1321) {
  STRCMP_EQUAL("d41d8cd98f00b204e9800998ecf8427e", md5_hex("").c_str());
  STRCMP_EQUAL("900150983cd24fb0d6963f7d28e17f72", md5_hex("abc").c_str());
  STRCMP_EQUAL("5ebe2294ecd0e0f08eab7690d2a6ee69", md5_hex("secret").c_str());
}
TEST(Digest, HmacIsThatOfRfc4231) {
  STRCMP_EQUAL("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
               hex_encode(hmac_sha256("Jefe", "what do ya want for nothing?")).c_str());
}
TEST(Digest, AKeyThatIsKeptSignsTheSame) {
  for (const std::size_t key_bytes :
       std::initializer_list<std::size_t>{0, 1, 32, 63, 64, 65, 200}) {
    const std::string key(key_bytes, 'k');
    const HmacKey kept(key);
    for (const std::size_t text_bytes : std::initializer_list<std::size_t>{0, 8, 55, 56, 64, 300}) {
      const std::string text(text_bytes, 't');
      CHECK(kept.sign(text) == hmac_sha256(key, text));
      CHECK(kept.sign(text, "/a.mp3") == hmac_sha256(key, text + "/a.mp3"));
    }
  }
}
TEST(Digest, RandomBytesAreAsManyAsAskedForAndDiffer) {
  LONGS_EQUAL(32, random_bytes(32).size());
  CHECK(random_bytes(16) != random_bytes(16));
  LONGS_EQUAL(0, random_bytes(0).size());
}
