#include "stream/source/title_history.h"

#include <limits>

#include "base/through_record.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;

namespace {

WallTime at(int seconds) { return WallTime(std::chrono::seconds(seconds)); }

}  // namespace

TEST_GROUP(TitleHistory) {
  TitleHistory history;
  std::string titles(const std::string& mount) {
    std::string all;
    for (const PlayedTitle& played : history.of(mount)) all += played.title + ";";
    return all;
  }
};

TEST(TitleHistory, KeepsTheNewestFirstAndNoMoreThanItIsTold) {
  for (int i = 1; i <= 5; ++i) history.add("/m", "T" + std::to_string(i), {}, at(i), 3);
  STRCMP_EQUAL("T5;T4;T3;", titles("/m").c_str());
  CHECK(history.of("/m").front().at == at(5));
  history.add("/m", "T6", {}, at(6), 2);  // fewer since a reload
  STRCMP_EQUAL("T6;T5;", titles("/m").c_str());
}
TEST(TitleHistory, TheSameTitleAgainIsTheSameSong) {
  history.add("/m", "A", {}, at(1), 9);
  history.add("/m", "A", {}, at(2), 9);
  history.add("/m", "", {}, at(3), 9);
  history.add("/m", "A", {}, at(4), 9);
  LONGS_EQUAL(1, history.of("/m").size());
  CHECK(history.of("/m").front().at == at(1));
  history.add("/m", "B", {}, at(5), 9);
  history.add("/m", "A", {}, at(6), 9);
  STRCMP_EQUAL("A;B;A;", titles("/m").c_str());
}
TEST(TitleHistory, KeepsMountsApartAndForgetsWhereNothingIsKept) {
  history.add("/m", "A", {}, at(1), 9);
  history.add("/n", "B", {}, at(1), 9);
  STRCMP_EQUAL("A;", titles("/m").c_str());
  history.add("/m", "C", {}, at(2), 0);
  STRCMP_EQUAL("", titles("/m").c_str());
  LONGS_EQUAL(1, history.mounts(TitleHistory::kMaxMounts).size());
}
TEST(TitleHistory, TheMountThatWasQuietLongestGoesWhenThereAreTooMany) {
  for (std::size_t i = 0; i < TitleHistory::kMaxMounts; ++i)
    history.add("/" + std::to_string(i), "T", {}, at(1), 2);
  history.add("/0", "U", {}, at(2), 2);
  history.add("/new", "T", {}, at(3), 2);
  LONGS_EQUAL(TitleHistory::kMaxMounts, history.mounts(TitleHistory::kMaxMounts).size());
  STRCMP_EQUAL("U;T;", titles("/0").c_str());
  STRCMP_EQUAL("", titles("/1").c_str());
}
TEST(TitleHistory, TheMountsWhoseTitlesChangedLastAreShown) {
  for (const char* name : {"/a", "/b", "/c", "/d"}) history.add(name, "T", {}, at(1), 2);
  history.add("/a", "U", {}, at(2), 2);
  history.note_end("/d", at(3));
  CHECK((history.mounts(2) == std::vector<std::string>{"/a", "/c"}));
  CHECK((history.mounts(9) == std::vector<std::string>{"/a", "/b", "/c", "/d"}));
}
TEST(TitleHistory, OnlyWhatHasChangedSinceIsSaved) {
  for (const char* name : {"/added", "/announced", "/painted", "/described", "/cleared", "/same"})
    history.add(name, "T", {}, at(1), 2);
  TitleHistory next;
  for (const TitlesRecord& saved : history.save()) next.restore(through_record(saved));
  const std::uint64_t since = history.changes();
  history.add("/added", "U", {}, at(2), 2);
  history.announce("/announced", "Next", at(2));
  history.paint("/painted", "T", "art");
  SongDetails details;
  details.artist = "Art";
  history.describe("/described", "T", details);
  history.add("/cleared", "", {}, at(2), 0);
  const auto changed = history.save(since);
  LONGS_EQUAL(5, changed.size());
  for (const TitlesRecord& saved : changed) next.restore(through_record(saved));
  LONGS_EQUAL(2, next.of("/added").size());
  STRCMP_EQUAL("Next", next.next_of("/announced")->title.c_str());
  STRCMP_EQUAL("art", next.of("/painted").front().art.c_str());
  STRCMP_EQUAL("Art", next.of("/described").front().details.artist.c_str());
  CHECK(next.of("/cleared").empty());
  LONGS_EQUAL(5, next.mounts(9).size());
}
TEST(TitleHistory, CutsALongTitleBetweenCharacters) {
  std::string long_title(TitleHistory::kLongestTitle - 1, 'x');
  history.add("/m", long_title + "\xc3\xa4 and more", {}, at(1), 2);
  STRCMP_EQUAL(long_title.c_str(), history.of("/m").front().title.c_str());
}
TEST(TitleHistory, ATitleBeginsWhenItSounds) {
  const auto heard = [this](std::int64_t wall_ms) {
    history.add("/m", "T" + std::to_string(wall_ms), {StreamAddress{{1, 2}, 77}, wall_ms}, at(1000),
                9);
    return unix_ms(history.of("/m").front().at);
  };
  CHECK_EQUAL(997250, heard(997250));
  CHECK_EQUAL(77, history.of("/m").front().place->position);
  CHECK_EQUAL(1002000, heard(1002000));
  // No time of this title.
  CHECK_EQUAL(1000000, heard(std::numeric_limits<std::int64_t>::max()));
  CHECK_EQUAL(1000000, heard(std::numeric_limits<std::int64_t>::min()));
}
TEST(TitleHistory, ATitleAtAByteThatIsKnownIsNoOther) {
  const auto place = [](std::uint64_t position) {
    return TitlePlace{StreamAddress{{1, 2}, position}, std::int64_t{1000000}};
  };
  history.add("/m", "A", place(5), at(1000), 9);
  history.add("/m", "B", place(6), at(1001), 9);
  history.add("/m", "A", place(5), at(1002), 9);
  STRCMP_EQUAL("B;A;", titles("/m").c_str());
  history.add("/m", "A", place(7), at(1003), 9);
  STRCMP_EQUAL("A;B;A;", titles("/m").c_str());
}
TEST(TitleHistory, TheNodeOfTheSourceMendsThePlace) {
  history.add("/m", "A", {StreamAddress{{1, 2}, 5}, {}}, at(1000), 9);
  history.add("/m", "B", {}, at(1001), 9);
  history.mend("/m", "A", {StreamAddress{{1, 2}, 3}, 999500}, at(1002));
  CHECK_EQUAL(3, history.of("/m").back().place->position);
  CHECK_EQUAL(999500, unix_ms(history.of("/m").back().at));
  history.mend("/m", "B", {}, at(1002));  // says nothing
  CHECK(!history.of("/m").front().place && history.of("/m").front().at == at(1001));
  history.mend("/m", "C", {StreamAddress{{1, 2}, 9}, 999500}, at(1002));
  history.mend("/n", "A", {StreamAddress{{1, 2}, 9}, 999500}, at(1002));
  STRCMP_EQUAL("B;A;", titles("/m").c_str());
}
TEST(TitleHistory, WhatPlaysNextIsForgottenWhenATitleComes) {
  history.add("/m", "A", {}, at(1), 9);
  CHECK(!history.next_of("/m"));
  history.announce("/m", "B", at(2));
  history.add("/m", "A", {}, at(3), 9);  // the same song still
  STRCMP_EQUAL("B", history.next_of("/m")->title.c_str());
  CHECK(history.next_of("/m")->at == at(2));
  history.add("/m", "C", {}, at(4), 9);
  CHECK(!history.next_of("/m"));
  history.announce("/m", "D", at(5));
  history.announce("/m", "", at(6));
  CHECK(!history.next_of("/m"));
  history.announce("/m", "E", at(7));
  history.add("/m", "F", {}, at(8), 0);
  CHECK(!history.next_of("/m"));
}
TEST(TitleHistory, MountsThatHaveEndedGoFirstAndTakeNoRoomOfNewOnes) {
  history.add("/plays", "A", {}, at(1), 2);
  const auto name = [](std::size_t i) { return "/" + std::to_string(i); };
  for (std::size_t i = 0; i <= TitleHistory::kMaxMounts; ++i) {
    history.add(name(i), "T", {}, at(2), 2);
    history.announce(name(i), "next", at(2));
    history.paint(name(i), "next", "n.png");
    history.refuse_picture(name(i), "T", "too large");
    history.note_end(name(i), at(3));
  }
  STRCMP_EQUAL("A;", titles("/plays").c_str());
  CHECK(!history.next_of(name(0)));
  CHECK(history.ended(name(0)) == WallTime{});
  const std::string last = name(TitleHistory::kMaxMounts);
  CHECK(history.next_of(last).has_value() && history.ended(last) == at(3));
  STRCMP_EQUAL("too large", history.refused_picture(last, "T").c_str());
  history.add(last, "next", {}, at(4), 2);
  STRCMP_EQUAL("n.png", history.picture_of(last, "next").c_str());
  // It plays again.
  for (std::size_t i = 0; i < TitleHistory::kMaxMounts; ++i) history.note_end(name(i), at(5));
  STRCMP_EQUAL("next;T;", titles(last).c_str());
}
TEST(TitleHistory, APictureIsOfTheTitleThatHasItsTextWhicheverComesFirst) {
  const auto art = [this](const char* title) { return history.picture_of("/m", title); };
  history.add("/m", "A", {}, at(1), 9);
  history.paint("/m", "A", "a.jpg");
  history.paint("/m", "B", "b.jpg");  // to come
  STRCMP_EQUAL("a.jpg", art("A").c_str());
  history.add("/m", "B", {}, at(2), 9);
  STRCMP_EQUAL("b.jpg", art("B").c_str());
  STRCMP_EQUAL("b.jpg", history.of("/m").front().art.c_str());
  STRCMP_EQUAL("a.jpg", history.of("/m").back().art.c_str());
  // One that has not come is forgotten with the next title.
  history.paint("/m", "D", "d.jpg");
  history.add("/m", "C", {}, at(3), 9);
  history.add("/m", "D", {}, at(4), 9);
  STRCMP_EQUAL("", art("D").c_str());
  STRCMP_EQUAL("/m", history.mount_of("a.jpg").c_str());
  STRCMP_EQUAL("", history.mount_of("z.jpg").c_str());
  history.paint("/m", "D", "d.jpg");
  history.paint("/m", "D", "");
  STRCMP_EQUAL("", art("D").c_str());
}
TEST(TitleHistory, ARefusedPictureIsOfItsTitleUntilOneComes) {
  const auto why = [this](const char* title) { return history.refused_picture("/m", title); };
  history.refuse_picture("/m", "", "too large");
  STRCMP_EQUAL("", why("").c_str());
  history.refuse_picture("/m", "A", "too large");
  STRCMP_EQUAL("too large", why("A").c_str());
  STRCMP_EQUAL("", why("B").c_str());
  history.paint("/m", "A", "a.jpg");
  STRCMP_EQUAL("", why("A").c_str());
}
TEST(TitleHistory, WhatIsToldOfASongIsOfTheTitleThatHasItsText) {
  const SongDetails of_a{"Album", "DEA123456789", 180'000};
  history.describe("/m", "A", of_a);  // to come
  history.paint("/m", "A", "a.jpg");
  history.add("/m", "A", {}, at(1), 9);
  CHECK(history.of("/m").front().details == of_a);
  STRCMP_EQUAL("a.jpg", history.of("/m").front().art.c_str());
  history.describe("/m", "A", {});
  CHECK(history.of("/m").front().details == SongDetails());
  history.describe("/m", "B", of_a);
  history.add("/m", "C", {}, at(2), 9);
  history.add("/m", "B", {}, at(3), 9);
  CHECK(history.of("/m").front().details == SongDetails());
}
TEST(TitleHistory, ATimeMayBeToldLaterOfATitleWhoseByteIsKnown) {
  const StreamAddress byte{{1, 2}, 5};
  history.add("/m", "A", {byte, std::int64_t{1000000}}, at(1000), 9);
  history.mend("/m", "A", {byte, std::int64_t{997000}}, at(1001));
  CHECK_EQUAL(997000, unix_ms(history.of("/m").front().at));
  history.mend("/m", "A", {byte, {}}, at(1002));  // says nothing
  CHECK_EQUAL(997000, unix_ms(history.of("/m").front().at));
}
TEST(TitleHistory, AnotherProcessGoesOnWithIt) {
  history.add("/m", "A", {StreamAddress{{1, 2}, 5}, {}}, at(1000), 9);
  history.paint("/m", "A", "a.png");
  history.add("/m", "B", {}, at(1001), 9);
  history.describe("/m", "B", {"Album", "", 1000});
  history.announce("/m", "C", at(1002), {"", "", 2000});
  history.paint("/n", "to come", "n.png");
  history.note_picture("/m", "a.png");
  TitleHistory next;
  for (const TitlesRecord& saved : history.save()) next.restore(through_record(saved));
  for (const auto& [art, mount] : history.save_pictures()) next.note_picture(mount, art);
  const auto titles = next.of("/m");
  LONGS_EQUAL(2, titles.size());
  STRCMP_EQUAL("B", titles[0].title.c_str());
  CHECK(titles[0].details.album == "Album" && next.next_of("/m")->details.duration_ms == 2000);
  CHECK(titles[1].title == "A" && titles[1].art == "a.png" && titles[1].at == at(1000));
  CHECK_EQUAL(5, titles[1].place->position);
  STRCMP_EQUAL("C", next.next_of("/m")->title.c_str());
  STRCMP_EQUAL("/m", next.mount_of("a.png").c_str());
  STRCMP_EQUAL("/n", next.mount_of("n.png").c_str());
  // What was painted before its title comes with it.
  next.add("/n", "to come", {}, at(1003), 9);
  STRCMP_EQUAL("n.png", next.picture_of("/n", "to come").c_str());
}
