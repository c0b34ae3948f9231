#include "config/load/command_words.h"

// Last, because it redefines `new`.
#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(CommandWords){
    static std::string joined(std::string_view command){const auto words = command_words(command);
if (!words) return "! " + words.error().what;
std::string all;
for (const std::string& word : *words) all += "[" + word + "]";
return all;
}
}
;

TEST(CommandWords, BlanksSeparate) {
  CHECK_EQUAL(std::string("[ffmpeg][-i][a b]"), joined("  ffmpeg\t-i\n 'a b' "));
}
TEST(CommandWords, QuotesKeepTheirContents) {
  CHECK_EQUAL(std::string("[a][b\"c\\d][e'f\\g][]"), joined(R"(a "b\"c\\d" "e'f\g" '')"));
  CHECK_EQUAL(std::string("[a b][c\\]"), joined(R"(a\ b 'c\')"));
  CHECK_EQUAL(std::string("[ab c]"), joined("a'b 'c"));
}
TEST(CommandWords, NothingOfAShellIsThere) {
  CHECK_EQUAL(std::string("[a][$HOME][|][b;c][>x][*]"), joined("a $HOME | b;c >x *"));
}
TEST(CommandWords, WhatCannotBeReadHasAReason) {
  CHECK_EQUAL(std::string("! a ' without its end"), joined("a 'b"));
  CHECK_EQUAL(std::string("! a \" without its end"), joined("a \"b"));
  CHECK_EQUAL(std::string("! a backslash at the end"), joined("a \\"));
  CHECK_EQUAL(std::string("! no program"), joined("   "));
  CHECK_EQUAL(std::string("! no program"), joined("'' a"));
}
