// The report of use, read back by a reader that knows the rule's text alone: fields apart by a
// character that is in no text, texts between two of another one.
#include "api/audience/sound_exchange.h"

#include <map>

#include "api/audience/audience_table.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

using Line = std::map<std::string, std::string>;

std::vector<std::string> parts_of(const std::string& line) {
  std::vector<std::string> out(1);
  bool inside = false;
  for (const char c : line) {
    if (c == '^')
      inside = !inside;
    else if (c == '|' && !inside)
      out.emplace_back();
    else
      out.back() += c;
  }
  CHECK(!inside);
  return out;
}
std::vector<Line> read_back(const std::string& text) {
  std::vector<Line> lines;
  std::vector<std::string> names;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = text.find("\r\n", at);
    CHECK(end != std::string::npos);
    const auto parts = parts_of(text.substr(at, end - at));
    at = end + 2;
    if (names.empty()) {
      names = parts;
      LONGS_EQUAL(8, names.size());
      continue;
    }
    LONGS_EQUAL(names.size(), parts.size());
    Line line;
    for (std::size_t i = 0; i < names.size(); ++i) line[names[i]] = parts[i];
    lines.push_back(line);
  }
  return lines;
}

}  // namespace

TEST_GROUP(SoundExchange){};

TEST(SoundExchange, AnotherReaderFindsWhatWasPlayed) {
  const auto lines = read_back(
      sound_exchange_text("Acme Radio", 'A',
                          {{"Bj\xc3\xb6rk", "Army of Me \xc3\xb7\xc3\x9f\xe2\x82\xac\xc3", 12},
                           {"A^B|C", "One\r\nTwo|^", 3, "DEA123456789", "An album", "A|label"},
                           {"", "=1+1", 1}}));
  LONGS_EQUAL(3, lines.size());
  Line first = lines[0], second = lines[1];
  STRCMP_EQUAL("ACME RADIO", first["NAME_OF_SERVICE"].c_str());
  STRCMP_EQUAL("A", first["TRANSMISSION_CATEGORY"].c_str());
  STRCMP_EQUAL("BJORK", first["FEATURED_ARTIST"].c_str());
  STRCMP_EQUAL("ARMY OF ME /SSEUR?", first["SOUND_RECORDING_TITLE"].c_str());
  STRCMP_EQUAL("", first["ISRC"].c_str());
  STRCMP_EQUAL("", first["ALBUM_TITLE"].c_str());
  STRCMP_EQUAL("", first["MARKETING_LABEL"].c_str());
  STRCMP_EQUAL("12", first["ACTUAL_TOTAL_PERFORMANCES"].c_str());
  STRCMP_EQUAL("A B C", second["FEATURED_ARTIST"].c_str());
  STRCMP_EQUAL("ONE  TWO  ", second["SOUND_RECORDING_TITLE"].c_str());
  STRCMP_EQUAL("DEA123456789", second["ISRC"].c_str());
  STRCMP_EQUAL("AN ALBUM", second["ALBUM_TITLE"].c_str());
  STRCMP_EQUAL("A LABEL", second["MARKETING_LABEL"].c_str());
}
TEST(SoundExchange, AllOfItIsAscii) {
  std::string all;
  for (unsigned high = 0xc2; high <= 0xdf; ++high)
    for (unsigned low = 0x80; low <= 0xbf; ++low)
      all += {static_cast<char>(high), static_cast<char>(low)};
  const std::string text = sound_exchange_text(
      all, 'A',
      {{"Sigur R\xc3\xb3s, Dvo\xc5\x99\xc3\xa1k",
        "\xe2\x80\x9cRock \xe2\x80\x99n\xe2\x80\x99 Roll\xe2\x80\x9d", 1},
       {"\xd0\x9a\xd0\xb8\xd0\xbd\xd0\xbe", "e\xcc\x81 \xf0\x9f\x8e\xb5\xff", 2}});
  for (const char c : text) CHECK(c == '\r' || c == '\n' || (c >= ' ' && c < '\x7f'));
  auto lines = read_back(text);
  STRCMP_EQUAL("SIGUR ROS, DVORAK", lines[0]["FEATURED_ARTIST"].c_str());
  STRCMP_EQUAL("\"ROCK 'N' ROLL\"", lines[0]["SOUND_RECORDING_TITLE"].c_str());
  STRCMP_EQUAL("????", lines[1]["FEATURED_ARTIST"].c_str());
  STRCMP_EQUAL("E ??", lines[1]["SOUND_RECORDING_TITLE"].c_str());
}
TEST(SoundExchange, TheFileIsNamedByServiceAndDays) {
  STRCMP_EQUAL(
      "ACMERADIO101102026-31102026_A.txt",
      sound_exchange_file("Acme Radio 1!/..", 'A', "2026-10-01", "2026-10-31T23:59:59").c_str());
  STRCMP_EQUAL("KFAKE15012027-21012027_H.txt",
               sound_exchange_file("KFAKE", 'H', "2027-01-15", "2027-01-21").c_str());
}
TEST(SoundExchange, TitlesHaveAnArtistBeforeTheFirstDash) {
  CHECK((artist_and_title("A - B - C") == std::pair<std::string, std::string>("A", "B - C")));
  CHECK((artist_and_title(" News ") == std::pair<std::string, std::string>("", "News")));
  CHECK((artist_and_title("Jean-Michel - X") ==
         std::pair<std::string, std::string>("Jean-Michel", "X")));
}
TEST(SoundExchange, SemicolonsPartColumnsAndAreQuotedInTexts) {
  AudienceTable table{{"title", "n"}, {}};
  table.rows.push_back({"a;b", std::int64_t{1}});
  table.rows.push_back({"=cmd()", std::int64_t{2}});
  STRCMP_EQUAL("title;n\r\n\"a;b\";1\r\n'=cmd();2\r\n", audience_csv(table, ';').c_str());
}

TEST(SoundExchange, WhatACellWasGuardedByIsTakenOffAgain) {
  for (const std::string text : {"=1", "+1", "-1", "@a", "|a", "%a", "'a", "a", "'", ""}) {
    AudienceTable table{{"title"}, {{text}}};
    const std::string csv = audience_csv(table);
    const std::size_t from = csv.find("\r\n") + 2;
    STRCMP_EQUAL(text.c_str(), unguarded(csv.substr(from, csv.size() - 2 - from)).c_str());
  }
}

TEST(SoundExchange, NoSeparatorWithinATextBeginsAFormula) {
  const auto cell_of = [](const std::string& text) {
    const std::string csv = audience_csv({{"title"}, {{text}}});
    const std::size_t from = csv.find("\r\n") + 2;
    return csv.substr(from, csv.size() - 2 - from);
  };
  STRCMP_EQUAL("\"x;'=cmd|' /C calc'!A1;y\"", cell_of("x;=cmd|' /C calc'!A1;y").c_str());
  STRCMP_EQUAL("\"a,' -1\"", cell_of("a, -1").c_str());
  STRCMP_EQUAL("\"Earth, Wind;' \"\"+1\"", cell_of("Earth, Wind; \"+1").c_str());
  for (const std::string text : {"a; b", "a,b", "a - b, c-d; 1+1", "Rock 'n' Roll, 'Live'"})
    STRCMP_EQUAL(text.find_first_of(",;") == text.npos ? text.c_str() : ('"' + text + '"').c_str(),
                 cell_of(text).c_str());
  // Read with another separator, whose program takes a quotation mark within a cell as it is; and
  // read as it is meant.
  constexpr std::string_view kSigns = "a=';,\t\" ";
  std::vector<std::string> texts = {""};
  for (std::size_t i = 0; texts[i].size() < 5; ++i)
    for (const char sign : kSigns) texts.push_back(texts[i] + sign);
  for (const std::string& text : texts) {
    std::string cell = cell_of(text);
    for (std::size_t at = 0; at != std::string::npos; at = cell.find_first_of(",;\t", at)) {
      at = cell.find_first_not_of(",;\t\" ", at);
      CHECK_TEXT(at == std::string::npos || cell[at] != '=', cell.c_str());
    }
    if (cell.starts_with('"')) {
      cell = cell.substr(1, cell.size() - 2);
      for (std::size_t at = 0; (at = cell.find("\"\"", at)) != std::string::npos; ++at)
        cell.erase(at, 1);
    }
    STRCMP_EQUAL(text.c_str(), unguarded(cell).c_str());
  }
}

TEST(SoundExchange, ItIsCompleteWithAnIsrcOrAlbumAndLabel) {
  STRCMP_EQUAL("", std::string(lack_of({"A", "B", 1, "DEA123456789"})).c_str());
  STRCMP_EQUAL("", std::string(lack_of({"A", "B", 1, "", "Album", "Label"})).c_str());
  STRCMP_CONTAINS("no label", std::string(lack_of({"A", "B", 1, "", "Album"})).c_str());
  STRCMP_CONTAINS("no album", std::string(lack_of({"A", "B", 1, "", "", "Label"})).c_str());
  STRCMP_CONTAINS("no ISRC", std::string(lack_of({"A", "B", 1})).c_str());
}
TEST(SoundExchange, ColumnsMayHaveOtherNames) {
  AudienceTable table{{"title", "artist", "n"}, {}};
  CHECK(rename_columns(table, "artist:title , title:a:b;c").has_value());
  STRCMP_EQUAL("\"a:b;c\",title,n\r\n", audience_csv(table).c_str());
  for (const std::string wrong :
       {"", "n", "n:", ":n", "x:n", "n:=1", "n:a,n:b", "n:title", "n:a\tb", "n:\xff", "n:a,"})
    CHECK_TEXT(!rename_columns(table, wrong), wrong.c_str());
  CHECK(!rename_columns(table, "n:" + std::string(kLongestColumn + 1, 'x')));
  CHECK(rename_columns(table, "n:" + std::string(kLongestColumn, 'x')).has_value());
}
