#include "base/strings.h"

#include <string>

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace std::literals;

TEST_GROUP(Strings){};
TEST(Strings, LowerAndCompareKnowAsciiOnly) {
  CHECK(to_lower("AbZ-\xc4") == "abz-\xc4");
  CHECK(iequals("Content-TYPE", "content-type"));
  CHECK(!iequals("abc", "abd"));
  CHECK(!iequals("abc", "abcd"));
  CHECK(!iequals("@[`{", "`{@["));  // neighbours of the letters have no case
  CHECK(iequals("", ""));
  CHECK(istarts_with("Basic xyz", "bASIC "));
  CHECK(!istarts_with("Bas", "basic"));
  CHECK(istarts_with("x", ""));
}
TEST(Strings, TrimTakesSpacesTabsAndLineEnds) {
  CHECK(trim(" \t\r\na b\r\n ") == "a b");
  CHECK(trim("").empty());
  CHECK(trim(" \n").empty());
  CHECK(trim("\va") == "\va");
}
TEST(Strings, SplitKeepsEmptyParts) {
  CHECK(split("a,,b,", ',') == (std::vector<std::string_view>{"a", "", "b", ""}));
  CHECK(split("", ',') == (std::vector<std::string_view>{""}));
}
TEST(Strings, ParseU64TakesPlainDigitsOnly) {
  CHECK(parse_u64("0") == std::optional<std::uint64_t>(0));
  CHECK(parse_u64("007") == std::optional<std::uint64_t>(7));
  CHECK(parse_u64("18446744073709551615") == std::optional<std::uint64_t>(~std::uint64_t{0}));
  for (const char* bad : {"", " ", "18446744073709551616", "99999999999999999999999", "-1", "-0",
                          "+5", "0x10", "1e9", "5, 6", " 5", "5 ", "5.0", "a"}) {
    CHECK_TEXT(!parse_u64(bad).has_value(), bad);
  }
  CHECK(!parse_u64("5\0"sv).has_value());
}
TEST(Strings, GlobDoesNotCrossASlash) {
  CHECK(glob_match("/live/*", "/live/a.mp3"));
  CHECK(!glob_match("/live/*", "/live/a/b.mp3"));
  CHECK(!glob_match("/?", "//"));
  CHECK(glob_match("/[ab].mp3", "/b.mp3"));
  CHECK(glob_match("/exact", "/exact"));
  CHECK(!glob_match("/exact", "/exactly"));
}
TEST(Strings, MarkupIsEscapedForTextAndAttributes) {
  CHECK(escape_markup("<a href=\"x\">&'\n") == "&lt;a href=&quot;x&quot;&gt;&amp;'\n");
  CHECK(escape_markup("'\n\r\t<", "'\n\r\t") == "&#39;&#10;&#13;&#9;&lt;");
  CHECK(escape_markup("é\xff", "\xff") == "é&#255;");
  CHECK(escape_markup("").empty());
}
TEST(Strings, EditDistanceCountsInsertionsDeletionsAndReplacements) {
  LONGS_EQUAL(0, edit_distance("", ""));
  LONGS_EQUAL(3, edit_distance("", "abc"));
  LONGS_EQUAL(3, edit_distance("abc", ""));
  LONGS_EQUAL(1, edit_distance("burst-size", "burstsize"));
  LONGS_EQUAL(3, edit_distance("kitten", "sitting"));
  LONGS_EQUAL(edit_distance("queue", "quota"), edit_distance("quota", "queue"));
}
TEST(Strings, ANumberIsAllOfItsText) {
  CHECK(parse_whole<std::uint32_t>("ff", 16) == 255u);
  CHECK(parse_whole<std::int64_t>("-12") == -12);
  CHECK(parse_whole<double>("1.5") == 1.5);
  CHECK(!parse_whole<std::uint32_t>("100000000", 16));
  for (const char* bad : {"", "-1", "+1", " 1", "1 ", "1x"})
    CHECK_TEXT(!parse_whole<std::uint32_t>(bad), bad);
}
