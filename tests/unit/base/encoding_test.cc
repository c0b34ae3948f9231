#include "base/encoding.h"

#include <string>

#include "base/random.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace std::literals;

namespace {

std::string random_bytes(Rng& rng, std::size_t n) {
  std::string out;
  for (std::size_t i = 0; i < n; ++i) out += static_cast<char>(rng.below(256));
  return out;
}

}  // namespace

TEST_GROUP(Base64){};
TEST(Base64, EncodesTheVectorsOfRfc4648) {
  CHECK(base64_encode("") == "");
  CHECK(base64_encode("f") == "Zg==");
  CHECK(base64_encode("fo") == "Zm8=");
  CHECK(base64_encode("foo") == "Zm9v");
  CHECK(base64_encode("foobar") == "Zm9vYmFy");
  CHECK(base64_encode("\xfb\xff") == "+/8=");
}
TEST(Base64, DecodesWithAndWithoutPadding) {
  CHECK(base64_decode("c291cmNlOnNyY3Bhc3M=").value_or("?") == "source:srcpass");
  CHECK(base64_decode("c291cmNlOnNyY3Bhc3M").value_or("?") == "source:srcpass");
  CHECK(base64_decode("Zg").value_or("?") == "f");
  CHECK(base64_decode("").value_or("?") == "");
}
TEST(Base64, RefusesWhatIsNoBase64) {
  for (const char* bad :
       {"Z", "Zm9vY", "Zm9 v", "Zm9v\n", "Zm=v", "Z===", "Zm9-", "Zm9_", "Zm\xc3\xa9v"}) {
    CHECK_TEXT(!base64_decode(bad).has_value(), bad);
  }
  CHECK(!base64_decode("Zm\0v"sv).has_value());
}
TEST(Base64, DecodingUndoesEncodingForAnyBytes) {
  Rng rng(7);
  for (std::size_t n = 0; n < 200; ++n) {
    const std::string bytes = random_bytes(rng, n);
    CHECK(base64_decode(base64_encode(bytes)) == std::optional<std::string>(bytes));
  }
}

TEST_GROUP(Hex){};
TEST(Hex, IsLowerCase) { CHECK(hex_encode("\0\x1f\xab"sv) == "001fab"); }

TEST(Hex, WritesNumbers) {
  CHECK(hex_text(0) == "0");
  CHECK(hex_text(0xc0ffee) == "c0ffee");
  CHECK(hex_text(0xc0ffee, 8) == "00c0ffee");
  CHECK(hex_text(~0ULL, 16) == "ffffffffffffffff");
}
TEST_GROUP(Percent){};
TEST(Percent, EscapesWhatIsNotKept) {
  CHECK(percent_escape("a-_/\xe9~", "-_", HexCase::kLower) == "a-_%2f%e9%7e");
  CHECK(percent_escape("a-_/\xe9~", {}, HexCase::kUpper) == "a%2D%5F%2F%E9%7E");
}
TEST(Percent, DecodesOnceOnly) {
  CHECK(percent_decode("%252e", false).value_or("?") == "%2e");
  CHECK(percent_decode("a%2Fb%2f", false).value_or("?") == "a/b/");
  CHECK(percent_decode("%00", false) == std::optional<std::string>(std::string(1, '\0')));
}
TEST(Percent, PlusIsASpaceOnlyInForms) {
  CHECK(percent_decode("a+b", true).value_or("?") == "a b");
  CHECK(percent_decode("a+b", false).value_or("?") == "a+b");
}
TEST(Percent, RefusesABrokenEscape) {
  for (const char* bad : {"%", "a%", "%2", "%zz", "%2g", "%g2", "%%", "% 1", "%-1"}) {
    CHECK_TEXT(!percent_decode(bad, true).has_value(), bad);
  }
}
TEST(Percent, EncodesAllButUnreserved) {
  CHECK(percent_encode("/a b+\xc3\xa9~-._Z9", true) == "/a%20b%2B%C3%A9~-._Z9");
  CHECK(percent_encode("/", false) == "%2F");
}
TEST(Percent, DecodingUndoesEncodingForAnyBytes) {
  Rng rng(8);
  for (std::size_t n = 0; n < 100; ++n) {
    const std::string bytes = random_bytes(rng, n);
    CHECK(percent_decode(percent_encode(bytes, n % 2 == 0), true) ==
          std::optional<std::string>(bytes));
  }
}

TEST_GROUP(Utf8){};
TEST(Utf8, MeasuresTheCharacterAtTheFront) {
  LONGS_EQUAL(0, utf8_char(""));
  LONGS_EQUAL(1, utf8_char("a\xff"));
  LONGS_EQUAL(1, utf8_char("\0"sv));
  LONGS_EQUAL(2, utf8_char("\xc3\xa9x"));
  LONGS_EQUAL(3, utf8_char("\xe2\x80\xa8"));
  LONGS_EQUAL(4, utf8_char("\xf0\x9f\x8e\xb5"));
}
TEST(Utf8, TakesOneCharacterOrOneInvalidByte) {
  std::string_view text = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x8e\xb5\xff\xe2\x82";
  for (const char32_t point : {U'a', U'\u00e9', U'\u20ac', U'\U0001f3b5'})
    CHECK(take_utf8(text) == point);
  for (std::size_t left = 3; left > 0; --left) {
    CHECK_EQUAL(left, text.size());
    CHECK(!take_utf8(text));
  }
  CHECK(text.empty());
}
TEST(Utf8, AcceptsTheEdgesOfUnicode) {
  for (const char* good : {"\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
                           "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", ""}) {
    CHECK(valid_utf8(good));
  }
}
TEST(Utf8, RefusesCutOverlongSurrogateAndTooLarge) {
  for (const char* bad : {"\x80",
                          "\xbf",
                          "\xc3",
                          "\xc0\xaf",
                          "\xc1\xbf",
                          "\xe0\x9f\xbf",
                          "\xed\xa0\x80",
                          "\xed\xbf\xbf",
                          "\xe2\x80",
                          "\xe2\x28\xa1",
                          "\xe2\x80\x28",
                          "\xf0\x8f\xbf\xbf",
                          "\xf4\x90\x80\x80",
                          "\xf5\x80\x80\x80",
                          "\xf0\x9f\x8e",
                          "\xf0\x9f\x8e\x28",
                          "\xfe",
                          "\xff",
                          "ok\xff",
                          "\xc3\xc3\xa9"}) {
    CHECK(!valid_utf8(bad));
  }
}
