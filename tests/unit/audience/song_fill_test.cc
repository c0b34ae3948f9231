// What an automation's log tells of titles: which title a row is of, and what of it stays.
#include "audience/song_fill.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

constexpr std::int64_t kNoon = 1'793'448'000'000;

}  // namespace

TEST_GROUP(SongFill) {
  std::unique_ptr<Sqlite> database = *open_audience_database(":memory:");

  void played(std::int64_t at, const std::string& title, std::int64_t mount = 1) {
    Statement put = database->prepare("INSERT INTO play(mount, began, title) VALUES(?,?,?)");
    put.bind(mount).bind(at).bind(title).run();
  }
  PlayFilled fill(const LoggedPlay& play, bool dry = false) {
    const auto filled = fill_songs(*database, 1, {play}, kNoon, dry);
    CHECK(filled.has_value());
    LONGS_EQUAL(1, filled->size());
    return filled->front();
  }
  // "TITLE=ISRC/ALBUM" of what is described.
  std::string described() {
    std::string all;
    Statement asked =
        database->prepare("SELECT title, isrc, album FROM song_described ORDER BY title");
    while (asked.step())
      all += std::string(asked.text(0)) + "=" + std::string(asked.text(1)) + "/" +
             std::string(asked.text(2)) + ";";
    return all;
  }
  static LoggedPlay row(std::int64_t at, const std::string& artist, const std::string& title,
                        const std::string& isrc, const std::string& album = "") {
    LoggedPlay play{at, artist, title, {}};
    play.facts.isrc = isrc;
    play.facts.album = album;
    return play;
  }
};

TEST(SongFill, TextsAreAlikeWhateverTheirCaseAndPunctuation) {
  DOUBLES_EQUAL(1, likeness("Don't Stop!", "DONT  STOP"), 0);
  DOUBLES_EQUAL(1, likeness("A.B.C", "a b c"), 0);
  DOUBLES_EQUAL(1, likeness("a", "A"), 0);
  // Other letters than those of ASCII count as they are.
  DOUBLES_EQUAL(1, likeness("Bj\xc3\xb6rk", "bj\xc3\xb6rk"), 0);
  CHECK(likeness("Bj\xc3\xb6rk", "Bjork") < 1);
}
TEST(SongFill, WhatStandsBehindATextTakesATenth) {
  DOUBLES_EQUAL(0.9, likeness("Song", "Song (Radio Edit)"), 0);
  DOUBLES_EQUAL(0.9, likeness("Song (Radio Edit)", "Song"), 0);
  // Of whole words: a songbird is no song.
  CHECK(likeness("Song", "Songbird") < 0.9);
}
TEST(SongFill, WhatHasNothingInCommonIsNotAlike) {
  DOUBLES_EQUAL(0, likeness("", ""), 0);
  DOUBLES_EQUAL(0, likeness("", "Song"), 0);
  DOUBLES_EQUAL(0, likeness("?!", "?!"), 0);  // no letter
  DOUBLES_EQUAL(0, likeness("a", "b"), 0);
  DOUBLES_EQUAL(0, likeness("Song", "Tune"), 0);
}
TEST(SongFill, PairsOfLettersThatAreTwiceThereCountTwice) {
  // "na na" has na, a_, _n, na; "na" is how it begins.
  DOUBLES_EQUAL(0.9, likeness("na", "na na"), 0);
  // an, na, an, na and an, nn, na: two of each are common.
  DOUBLES_EQUAL(2 * 2 / 7.0, likeness("anana", "anna"), 1e-9);
  for (const auto& [a, b] : {std::pair("anana", "anna"), {"Hey Jude", "Hey Jud"}, {"abc", "abd"}})
    DOUBLES_EQUAL(likeness(a, b), likeness(b, a), 0);
}
TEST(SongFill, ARowIsOfTheTitleThatIsMostLikeIt) {
  played(kNoon, "Band - Song of the sea");
  played(kNoon + 60'000, "Band - Song of the see");
  CHECK(fill(row(kNoon, "BAND", "song of the see", "A")) == PlayFilled::kFilled);
  STRCMP_EQUAL("Band - Song of the see=A/;", described().c_str());
}
TEST(SongFill, OfTwoAsLikeTheNearerOneIsIt) {
  played(kNoon, "Band - Song (one)");
  played(kNoon + 100'000, "Band - Song (two)");
  CHECK(fill(row(kNoon + 60'000, "Band", "Song", "A")) == PlayFilled::kFilled);
  STRCMP_EQUAL("Band - Song (two)=A/;", described().c_str());
}
TEST(SongFill, AnotherArtistAnotherTimeAndAnotherMountAreNone) {
  played(kNoon, "Band - Song");
  played(kNoon, "Other - Tune", 2);
  CHECK(fill(row(kNoon, "Quartet", "Song", "A")) == PlayFilled::kUnmatched);
  CHECK(fill(row(kNoon + kNear + 1, "Band", "Song", "A")) == PlayFilled::kUnmatched);
  CHECK(fill(row(kNoon, "Other", "Tune", "A")) == PlayFilled::kUnmatched);
  STRCMP_EQUAL("", described().c_str());
  CHECK(fill(row(kNoon + kNear, "Band", "Song", "A")) == PlayFilled::kFilled);
}
TEST(SongFill, WithoutAnArtistTheTextIsTheTitleOrAllOfIt) {
  played(kNoon, "Band - Song");
  CHECK(fill(row(kNoon, "", "band - song", "A")) == PlayFilled::kFilled);
  played(kNoon + 2 * kNear, "News");
  CHECK(fill(row(kNoon + 2 * kNear, "", "NEWS", "B")) == PlayFilled::kFilled);
  played(kNoon + 4 * kNear, "Band  Tune");
  CHECK(fill(row(kNoon + 4 * kNear, "Band", "Tune", "C")) == PlayFilled::kFilled);
}
TEST(SongFill, WhatIsKnownStaysAndADryRunWritesNothing) {
  played(kNoon, "Band - Song");
  CHECK(fill(row(kNoon, "Band", "Song", "A"), true) == PlayFilled::kFilled);
  STRCMP_EQUAL("", described().c_str());
  CHECK(fill(row(kNoon, "Band", "Song", "")) == PlayFilled::kKnown);
  CHECK(fill(row(kNoon, "Band", "Song", "A")) == PlayFilled::kFilled);
  CHECK(fill(row(kNoon, "Band", "Song", "B")) == PlayFilled::kKnown);
  CHECK(fill(row(kNoon, "Band", "Song", "B", "Album")) == PlayFilled::kFilled);
  STRCMP_EQUAL("Band - Song=A/Album;", described().c_str());
}
