// Rows on their way to the database of another server: they arrive as they are, and what a node
// cannot know of its own listenings is not believed.
#include "audience/book.h"

#include <string>
#include <vector>

#include "audience/book_budget.h"
#include "base/json.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

constexpr std::int64_t kNow = 1'795'158'000'000;

JournalRow begun(std::uint64_t number) {
  ListeningBegun row;
  row.at_ms = kNow - 1000;
  row.who = 0xfeed'beef'0123'4567;
  row.before = 7;
  row.mount = "/j\xc3\xa4zz 1";
  row.country = "DE";
  row.player = "VLC";
  return {number, row};
}

}  // namespace

TEST_GROUP(AudienceBook){
    OpenedBook open(const std::vector<std::string>& rows,
                    std::uint64_t last = 9){return open_book("epoch", last, rows, kNow);
}
void refused(const std::string& row) {
  const auto opened = open({row});
  LONGS_EQUAL_TEXT(1, opened.refused, row.c_str());
  LONGS_EQUAL_TEXT(0, opened.batch.rows.size(), row.c_str());
  LONGS_EQUAL(9, opened.batch.last);  // it is not asked for again
}
ListeningBegun taken(const std::string& row) {
  const auto opened = open({row});
  LONGS_EQUAL_TEXT(1, opened.batch.rows.size(), row.c_str());
  return std::get<ListeningBegun>(opened.batch.rows.at(0).what);
}
}
;

TEST(AudienceBook, RowsArriveAsTheyAre) {
  JournalBatch batch{
      "epoch",
      {begun(6),
       {7, ListeningEnded{6, kNow, 5, true}},
       {8, TitleBegun{kNow, "/a", "A \t B"}},
       {9,
        SongDescribed{kNow, "/a", "A - B", {"DEA123456789", "An album", "", "LC 1", "Nobody"}}}}};
  const auto rows = book_rows(batch);
  LONGS_EQUAL(4, rows.size());
  for (const std::string& row : rows) CHECK(row.find_first_of("\t\n") == std::string::npos);
  const auto opened = open(rows);
  LONGS_EQUAL(0, opened.refused);
  CHECK(opened.batch.rows.at(0) == batch.rows[0]);
  CHECK(opened.batch.rows.at(1) == batch.rows[1]);
  STRCMP_EQUAL("A   B", std::get<TitleBegun>(opened.batch.rows.at(2).what).title.c_str());
  CHECK(opened.batch.rows.at(3) == batch.rows[3]);
}
TEST(AudienceBook, FactsOfASongAreBounded) {
  const std::string longest(500, '\x01');
  const JournalBatch batch{
      "epoch",
      {{8, SongDescribed{kNow, "/a", longest, {longest, longest, longest, longest, longest}}}}};
  const auto rows = book_rows(batch);
  CHECK(rows.at(0).size() <= kLongestRow);
  const auto opened = open(rows);
  const auto& told = std::get<SongDescribed>(opened.batch.rows.at(0).what);
  CHECK(told.title == std::string(500, ' '));
  CHECK(told.facts.album == std::string(kLongestFact, ' '));
  refused("S 8 1795158000000 %2Fa  DEA123456789 a b c d");
  refused("S 8 1795158000000 a A DEA123456789 a b c d");
  refused("S 8 0 %2Fa A DEA123456789 a b c d");
}
TEST(AudienceBook, WhatIsNoRowIsPassedOver) {
  for (const char* const row :
       {"", "B", "X 1 2", "A 1795158000000", "O 1 1795158000000", "E 8 7 1795158000000 5",
        "B 1 1795158000000 a1 0 0 0 %2Fa DE VLC more", "B -1 1795158000000 a1 0 0 0 %2Fa DE VLC",
        "B 1 1795158000000 a1 0 3 0 %2Fa DE VLC", "B 1 1795158000000 a1 0 0 0 %2 DE VLC"})
    refused(row);
}
TEST(AudienceBook, TimesLongAgoOrAheadAreNotBelieved) {
  for (const char* const at : {"0", "1792306799999", "1795244400001", "253402300799999"}) {
    refused(std::string("B 1 ") + at + " a1 0 0 0 %2Fa DE VLC");
    refused(std::string("E 2 1 ") + at + " 5 0");
    refused(std::string("T 1 ") + at + " %2Fa title");
  }
}
TEST(AudienceBook, AMountIsAPathAndAnEndHasABegin) {
  for (const char* const mount : {"a", "%2F", "%2Fa%0Ab", "%2Fa%FF", "%2Fa%00"})
    refused(std::string("B 1 1795158000000 a1 0 0 0 ") + mount + " DE VLC");
  refused("E 2 2 1795158000000 5 0");
  refused("E 2 3 1795158000000 5 0");
  refused("E 2 1 1795158000000 70368744177665 0");
}
TEST(AudienceBook, CountriesAndPlayersAreThoseThatAreKnownHere) {
  STRCMP_EQUAL("", taken("B 1 1795158000000 a1 0 0 0 %2Fa de VLC").country.c_str());
  STRCMP_EQUAL("", taken("B 1 1795158000000 a1 0 0 0 %2Fa %3D1 VLC").country.c_str());
  STRCMP_EQUAL("DE", taken("B 1 1795158000000 a1 0 0 0 %2Fa DE VLC").country.c_str());
  STRCMP_EQUAL("other", taken("B 1 1795158000000 a1 0 0 0 %2Fa DE =cmd()").player.c_str());
  STRCMP_EQUAL("", taken("B 1 1795158000000 a1 0 0 0 %2Fa DE ").player.c_str());
}
TEST(AudienceBook, NumbersRiseUpToTheLast) {
  const std::string row = " 1795158000000 %2Fa title";
  const auto opened = open({"T 3" + row, "T 3" + row, "T 2" + row, "T 5" + row, "T 10" + row});
  LONGS_EQUAL(3, opened.refused);
  LONGS_EQUAL(2, opened.batch.rows.size());
}
TEST(AudienceBook, ABookIsNoLongerThanItsFrame) {
  JournalBatch batch;
  batch.epoch = "epoch";
  const std::string quotes(1000, '"');  // twice as long in JSON
  for (std::uint64_t n = 1; n <= 100; ++n)
    batch.rows.push_back({n, TitleBegun{kNow, "/live", quotes}});
  const auto rows = fitting_rows(batch, 50'000);
  CHECK(rows.size() > 5 && rows.size() < 100);
  JsonWriter json;
  json.begin_array();
  for (const std::string& row : rows) json.text(row);
  CHECK(json.end_array().take().size() <= 50'001);
  CHECK(fitting_rows(batch, 10).size() == 1);
  CHECK(fitting_rows(batch, 1'000'000) == book_rows(batch));
}

TEST(AudienceBook, OfANodeWritesSoMuchAndNoMore) {
  SteadyTime now{std::chrono::hours(5)};
  BookBudget budget;
  CHECK(budget.allows(now));
  budget.spend(now, 9'999'999);
  CHECK(budget.allows(now));
  budget.spend(now, 50'001);
  CHECK_FALSE(budget.allows(now));
  CHECK(budget.tell());
  now += std::chrono::seconds(24);
  CHECK_FALSE(budget.allows(now));
  CHECK_FALSE(budget.tell());
  now += std::chrono::seconds(2);
  CHECK(budget.allows(now));
  now += std::chrono::hours(1);
  CHECK(budget.allows(now));
  CHECK(budget.tell());
  now += std::chrono::hours(1000);
  CHECK(budget.allows(now));
  budget.spend(now, 10'000'000);
  CHECK_FALSE(budget.allows(now));
}

TEST(AudienceBook, WhatIsLeftOutIsSaidOnceAnHourWithItsSum) {
  SteadyTime now{std::chrono::hours(5)};
  BookBudget budget;
  CHECK(budget.left_out.add(now, 0) == 0);
  CHECK(budget.left_out.add(now, 3) == 3);
  CHECK(budget.left_out.add(now, 2) == 0);
  now += std::chrono::minutes(59);
  CHECK(budget.left_out.add(now, 4) == 0);
  now += std::chrono::minutes(1);
  CHECK(budget.left_out.add(now, 0) == 6);
  CHECK(budget.left_out.add(now, 0) == 0);
}
