#include "http/credentials.h"

#include <string>

#include "base/encoding.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace std::literals;

namespace {

std::optional<Credentials> from(std::string value) {
  Headers headers;
  headers.add("authorization", std::move(value));
  return basic_credentials(headers);
}

std::string shown(const std::optional<Credentials>& who) {
  return who ? "[" + who->user + "][" + who->password + "]" : "none";
}

}  // namespace

TEST_GROUP(Credentials){};
TEST(Credentials, AreReadFromBasicInAnyCase) {
  CHECK(shown(from("Basic c291cmNlOnNyY3Bhc3M=")) == "[source][srcpass]");
  CHECK(shown(from("bAsIc  c291cmNlOnNyY3Bhc3M= ")) == "[source][srcpass]");
  CHECK(shown(from("Basic c291cmNlOnNyY3Bhc3M")) == "[source][srcpass]");
}
TEST(Credentials, ThePasswordMayContainColons) {
  CHECK(shown(from("Basic " + base64_encode("ownuser:own:pass"))) == "[ownuser][own:pass]");
  CHECK(shown(from("Basic " + base64_encode(":p"))) == "[][p]");
  CHECK(shown(from("Basic " + base64_encode("u:"))) == "[u][]");
}
TEST(Credentials, AreAbsentWhereTheHeaderIsNotUsable) {
  CHECK(!basic_credentials(Headers()).has_value());
  for (const char* value : {"", "Basic", "Basicc291cmNl", "Bearer abc", "Digest username=\"x\"",
                            "Basic !!!!", "Basic ", "Basic bm9jb2xvbg==", "c291cmNlOnNyY3Bhc3M="}) {
    CHECK_TEXT(!from(value).has_value(), value);
  }
}

TEST_GROUP(SecretEqual){};
TEST(SecretEqual, IsTrueForTheSameBytesOnly) {
  CHECK(secret_equal("hackme", "hackme"));
  CHECK(secret_equal("own:p\xc3\xa4ss", "own:p\xc3\xa4ss"));
  CHECK(!secret_equal("hackm", "hackme"));
  CHECK(!secret_equal("hackmee", "hackme"));
  CHECK(!secret_equal("hackmehackme", "hackme"));
  CHECK(!secret_equal("Hackme", "hackme"));
  CHECK(!secret_equal("", "hackme"));
}
TEST(SecretEqual, AnUnsetPasswordMatchesNothing) {
  CHECK(!secret_equal("", ""));
  CHECK(!secret_equal("x", ""));
}
TEST(SecretEqual, ANulNeverMatches) {
  const std::string nul = "pass\0anything"s;
  CHECK(!secret_equal(nul, "pass"));
  CHECK(!secret_equal(nul, nul));
}
TEST(SecretEqual, EveryDifferingByteCounts) {
  const std::string secret = "correct horse battery staple";
  for (std::size_t i = 0; i < secret.size(); ++i) {
    std::string wrong = secret;
    wrong[i] = static_cast<char>(wrong[i] ^ 1);
    CHECK(!secret_equal(wrong, secret));
  }
}
