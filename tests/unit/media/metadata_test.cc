#include "media/metadata.h"

#include <string>

#include "base/encoding.h"
#include "base/random.h"
#include "media/icy.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

// "title in stats|title on the wire"
std::string both(std::string_view song, std::string_view charset, std::string_view mount_charset) {
  const Metadata m = make_icy_metadata(song, "", charset, mount_charset);
  return m.title + "|" + parse_icy_text(m.icy_block.substr(1))->title;
}

}  // namespace

TEST_GROUP(Metadata){};
TEST(Metadata, SongIsArtistAndTitleOrTheOneThatIsKnown) {
  Metadata m;
  CHECK_EQUAL(std::string(), m.song());
  m.title = "T";
  CHECK_EQUAL(std::string("T"), m.song());
  m.artist = "A";
  CHECK_EQUAL(std::string("A - T"), m.song());
  m.title.clear();
  CHECK_EQUAL(std::string("A"), m.song());
}
TEST(Metadata, WithoutAnyCharsetValidUtf8Stays) {
  CHECK_EQUAL(std::string("Caf\u00e9 \u017b|Caf\u00e9 \u017b"), both("Caf\u00e9 \u017b", "", ""));
}
TEST(Metadata, WithoutAnyCharsetOtherBytesAreLatin1) {
  CHECK_EQUAL(std::string("Caf\u00e9|Caf\xe9"), both("Caf\xe9", "", ""));
  CHECK_EQUAL(std::string("It\u2019s|It\x92s"), both("It\x92s", "", ""));  // Windows-1252
}
TEST(Metadata, ACharsetIsConvertedToUtf8WhenTheMountNamesNone) {
  CHECK_EQUAL(std::string("Caf\u00e9|Caf\u00e9"), both("Caf\u00e9", "UTF-8", ""));
  CHECK_EQUAL(std::string("Caf\u00e9|Caf\u00e9"), both("Caf\xe9", "ISO8859-1", ""));
  CHECK_EQUAL(std::string("\u0416|\u0416"), both("\xf6", "KOI8-R", ""));
  // As liquidsoap sends it.
  const std::string horse = "\u017dlu\u0165ou\u010dk\u00fd k\u016f\u0148 \u2116 1";
  CHECK_EQUAL(horse + "|" + horse, both(horse, "UTF-8", ""));
}
TEST(Metadata, WhatDoesNotFitIsAQuestionMarkOnTheWireOnly) {
  CHECK_EQUAL(std::string("\u017bubr\u00f3wka|?ubr\xf3wka"),
              both("\u017bubr\u00f3wka", "UTF-8", "ISO8859-1"));
  CHECK_EQUAL(std::string("\U0001f600!|?!"), both("\U0001f600!", "UTF-8", "ISO8859-2"));
}
TEST(Metadata, ACharsetIsConvertedToTheMounts) {
  CHECK_EQUAL(std::string("\u017b|\xaf"), both("\u017b", "UTF-8", "ISO8859-2"));
  CHECK_EQUAL(std::string("\u017b|\u017b"), both("\xaf", "ISO-8859-2", "UTF-8"));
  CHECK_EQUAL(std::string("\u0416|\xc6"), both("\xf6", "KOI8-R", "cp1251"));
}
TEST(Metadata, WithoutACharsetTheBytesAreInTheMountsAlready) {
  CHECK_EQUAL(std::string("Caf\u00e9 \u017b|Caf\u00e9 \u017b"),
              both("Caf\u00e9 \u017b", "", "UTF-8"));
  CHECK_EQUAL(std::string("\u017b|\xaf"), both("\xaf", "", "ISO8859-2"));
  CHECK_EQUAL(std::string("Caf\u00e9|Caf\xe9"), both("Caf\xe9", "", "ISO8859-1"));
  // As in Icecast, also where they could be something else.
  CHECK_EQUAL(std::string("\u00c3\u00a9|\xc3\xa9"), both("\xc3\xa9", "", "ISO8859-1"));
}
TEST(Metadata, BytesThatAreCalledUtf8AndAreNotAreLatin1) {
  CHECK_EQUAL(std::string("Caf\u00e9|Caf\u00e9"), both("Caf\xe9", "UTF-8", ""));
  CHECK_EQUAL(std::string("Caf\u00e9|Caf\u00e9"), both("Caf\xe9", "", "UTF-8"));
  CHECK_EQUAL(std::string("Caf\u00e9|Caf\xe9"), both("Caf\xe9", "UTF-8", "ISO8859-1"));
}
TEST(Metadata, Utf8ThatIsCalledLatin1IsUtf8) {
  CHECK_EQUAL(std::string("\u00c4 \u0416|\u00c4 \u0416"), both("\u00c4 \u0416", "ISO-8859-1", ""));
  CHECK_EQUAL(std::string("Caf\u00e9|Caf\xe9"), both("Caf\u00e9", "latin1", "ISO8859-1"));
  CHECK_EQUAL(std::string("Caf\u00e9|Caf\u00e9"), both("Caf\xe9", "latin1", ""));
}
TEST(Metadata, UnknownCharsetsAreAsNone) {
  CHECK_EQUAL(std::string("\u017b|\u017b"), both("\u017b", "klingon", ""));
  CHECK_EQUAL(std::string("Caf\u00e9|Caf\xe9"), both("Caf\xe9", "", "klingon"));
  CHECK_EQUAL(std::string("\u017b|\u017b"), both("\u017b", "UTF-8", "klingon"));
}
TEST(Metadata, CharsetsThatNeedOtherBytesThanAsciiAreNoIcyCharsets) {
  for (const char* mount : {"UTF-16", "UTF-16LE", "ISO-2022-JP", "EBCDIC-US", "UCS-4"})
    CHECK_EQUAL(std::string("Caf\u00e9|Caf\u00e9"), both("Caf\u00e9", "UTF-8", mount));
  CHECK_EQUAL(std::string("\u3042|\x82\xa0"), both("\u3042", "UTF-8", "SHIFT_JIS"));
}
TEST(Metadata, ControlCharactersAreRemoved) {
  CHECK_EQUAL(std::string("a b c|a b c"), both("a\nb\r\x1b\x7f"
                                               "c",
                                               "", ""));
  CHECK_EQUAL(std::string("a\u00e9|a\u00e9"), both("a\u009b\u00e9\uffff", "UTF-8", ""));
  CHECK_EQUAL(std::string("ab|ab"), both(std::string("a\0b", 3), "UTF-8", "UTF-8"));
}
TEST(Metadata, ThePairThatEndsATitleIsNeutralisedInTheCharsetOfTheWire) {
  CHECK_EQUAL(std::string("a';b|a\u2019;b"), both("a';b", "", "UTF-8"));
  CHECK_EQUAL(std::string("a';b|a\u2019;b"), both("a';b", "latin1", "utf8"));
  CHECK_EQUAL(std::string("a';b|a' ;b"), both("a';b", "", ""));
  CHECK_EQUAL(std::string("a';b|a' ;b"), both("a';b", "UTF-8", "ISO8859-1"));
  CHECK_EQUAL(std::string("It's me|It's me"), both("It's me", "", "UTF-8"));
}
TEST(Metadata, OfGenericFormatsHasNoArtist) {
  const Metadata m = make_icy_metadata("A - T", "http://u/", "", "");
  CHECK_EQUAL(std::string(), m.artist);
  CHECK_EQUAL(std::string("A - T"), m.title);
  CHECK_EQUAL(std::string("http://u/"), m.url);
  CHECK(m.icy_block == make_icy_block("A - T", "http://u/"));
}
TEST(Metadata, AnEmptyTitleHasABlockOfItsOwn) {
  CHECK(make_icy_metadata("", "", "", "").icy_block == make_icy_block("", ""));
}
TEST(Metadata, LongTitlesAreWholeInTheStatsAndCutInTheBlock) {
  std::string song;
  for (int i = 0; i < 3000; ++i) song += "\u00e9";
  const Metadata m = make_icy_metadata(song, "", "UTF-8", "UTF-8");
  LONGS_EQUAL(6000, m.title.size());
  LONGS_EQUAL(1 + 4080, m.icy_block.size());
  CHECK(valid_utf8(parse_icy_text(m.icy_block.substr(1))->title));
}

TEST_GROUP(Charset){};
TEST(Charset, TheNamesOfLatin1AndUtf8) {
  for (const char* latin1 :
       {"latin1", "ISO8859-1", "ISO-8859-1", "iso-8859-1", "", "no such name"}) {
    CHECK_EQUAL(std::string("\u00e9"), convert_charset("\xe9", latin1, "UTF8"));
    CHECK_EQUAL(std::string("\xe9"), convert_charset("\u00e9", "utf-8", latin1));
  }
}
TEST(Charset, IconvDoesTheOthers) {
  CHECK_EQUAL(std::string("\u20ac"), convert_charset("\x80", "cp1252", "UTF-8"));
  CHECK_EQUAL(std::string("\x80"), convert_charset("\u20ac", "UTF-8", "cp1252"));
  CHECK_EQUAL(std::string("\xf6"), convert_charset("\xc6", "CP1251", "KOI8-R"));
  CHECK_EQUAL(std::string("\u3042"), convert_charset("\x82\xa0", "SHIFT_JIS", "UTF-8"));
  CHECK_EQUAL(std::string("\x1b$B$\"\x1b(B"), convert_charset("\u3042", "UTF-8", "ISO-2022-JP"));
}
TEST(Charset, EachCharacterThatDoesNotFitBecomesOneQuestionMark) {
  CHECK_EQUAL(std::string("a?b?"), convert_charset("a\u20ac"
                                                   "b\U0001f600",
                                                   "UTF-8", "latin1"));
  CHECK_EQUAL(std::string("a?b?"), convert_charset("a\u3042"
                                                   "b\U0001f600",
                                                   "UTF-8", "cp1252"));
}
TEST(Charset, BrokenInputBecomesQuestionMarks) {
  CHECK_EQUAL(std::string("a?b"), convert_charset("a\xff"
                                                  "b",
                                                  "UTF-8", "UTF-8"));
  CHECK_EQUAL(std::string("a?b"), convert_charset("a\xff"
                                                  "b",
                                                  "UTF-8", "latin1"));
  CHECK_EQUAL(std::string("a?"), convert_charset("a\xe2\x82", "UTF-8", "cp1252").substr(0, 2));
  CHECK_EQUAL(std::string("?"), convert_charset("\x82", "SHIFT_JIS", "UTF-8"));
}
TEST(Charset, LongTextsAreConvertedWhole) {
  CHECK(std::string(5000, '\x80') == convert_charset(
                                         [] {
                                           std::string text;
                                           for (int i = 0; i < 5000; ++i) text += "\u20ac";
                                           return text;
                                         }(),
                                         "UTF-8", "cp1252"));
}
TEST(Charset, NamesThatCouldReachOutAreUnknown) {
  for (const char* name : {"", "UTF-8//TRANSLIT", "../../x", "a b", "UTF-8//IGNORE", "x,y"})
    CHECK(!is_known_charset(name));
  CHECK(!is_known_charset(std::string(100, 'A')));
  for (const char* name : {"utf8", "latin1", "cp1252", "KOI8-R", "ISO_8859-15:1998"})
    CHECK(is_known_charset(name));
}
TEST(Charset, ValidUtf8) {
  for (const char* good : {"", "a", "\u00e9", "\u0800", "\ud7ff", "\ue000", "\uffff", "\U00010000",
                           "\U0010ffff", "a\u00e9b"})
    CHECK(valid_utf8(good));
  for (const char* bad : {"\x80", "\xc3", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xe2\x82",
                          "\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x80\x80\x80", "\xf4\x90\x80\x80",
                          "\xf5\x80\x80\x80", "\xff", "a\xc3 b", "\xe2\x28\xa1"})
    CHECK(!valid_utf8(bad));
}
TEST(Charset, CutsAtWholeCharacters) {
  CHECK_EQUAL(std::string("ab"), std::string(cut_utf8("abc", 2)));
  CHECK_EQUAL(std::string("abc"), std::string(cut_utf8("abc", 3)));
  CHECK_EQUAL(std::string("a"), std::string(cut_utf8("a\u20ac", 3)));
  CHECK_EQUAL(std::string("a\u20ac"), std::string(cut_utf8("a\u20ac"
                                                           "b",
                                                           4)));
  CHECK_EQUAL(std::string(), std::string(cut_utf8("\U0001f600", 3)));
  CHECK_EQUAL(std::string(), std::string(cut_utf8("abc", 0)));
  CHECK_EQUAL(std::string("\x80\x80"),
              std::string(cut_utf8("\x80\x80\x80\x80\x80\x80", 5)).substr(0, 2));
}
TEST(Charset, CleanUtf8OfAnyBytesIsCleanUtf8) {
  Rng rng(1);
  for (int i = 0; i < 2000; ++i) {
    std::string bytes;
    for (std::uint64_t n = rng.below(20); n > 0; --n) bytes += static_cast<char>(rng.next());
    const std::string clean = clean_utf8(bytes);
    CHECK(valid_utf8(clean));
    CHECK(clean == clean_utf8(clean));
    for (const char c : clean) CHECK(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
  }
}
TEST(Charset, CleanUtf8KeepsWordsApartAtLineBreaksAndTabs) {
  STRCMP_EQUAL("Artist Title", clean_utf8("Artist\tTitle").c_str());
  STRCMP_EQUAL("Artist Title", clean_utf8("\r\nArtist \r\n\tTitle\r\n").c_str());
  STRCMP_EQUAL("a  b", clean_utf8("a  b").c_str());
  STRCMP_EQUAL("ab", clean_utf8("a\x01\x7f"
                                "b")
                         .c_str());
}
TEST(Charset, CleanUtf8TakesItsFallback) {
  CHECK_EQUAL(std::string("\u017b"), clean_utf8("\xaf", "ISO-8859-2"));
  CHECK_EQUAL(std::string("\u017b"), clean_utf8("\u017b", "ISO-8859-2"));
}
TEST(Metadata, ASongIsSplitAtItsFirstDash) {
  CHECK(song_parts("A - B - C").artist == "A");
  CHECK(song_parts("A - B - C").title == "B - C");
  CHECK(song_parts("A-B").artist.empty());
  CHECK(song_parts("A-B").title == "A-B");
}
