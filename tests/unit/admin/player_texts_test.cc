#include "admin/page/player_texts.h"

#include <string>
#include <vector>

#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(PlayerTexts){};

TEST(PlayerTexts, TheBestLikedLanguageOfOurs) {
  const struct {
    const char* accepted;
    const char* language;
  } rows[] = {{"", "en"},
              {"de", "de"},
              {"DE-at,en;q=0.5", "de"},
              {"en;q=0.5,pt-BR;q=0.8", "pt"},
              {"fr;q=0.8, es;q=0.8", "fr"},
              {"fr;q=0.001, es;q=0.01", "es"},
              {"xx,*", "en"},
              {"de;q=0", "en"},
              {"de;q=", "en"},
              {"de;q=2, fr;q=x, es;q=0.1234", "en"},
              {"de;q=0.5;x", "en"},
              {"de;level=1", "en"},
              {"deutsch,-,;,;;q=1", "en"},
              {" \t es \t ; \t q=1.000 ", "es"}};
  for (const auto& row : rows)
    STRCMP_EQUAL_TEXT(row.language, std::string(player_texts_for(row.accepted).language).c_str(),
                      row.accepted);
}

TEST(PlayerTexts, AHeaderIsNotReadForEver) {
  std::string many;
  for (int i = 0; i < 32; ++i) many += "xx,";
  STRCMP_EQUAL("en", std::string(player_texts_for(many + "de").language).c_str());
}

TEST(PlayerTexts, OnlyLanguagesThatAreOffered) {
  const std::vector<std::string> offered{"xx", "fr", "de"};
  STRCMP_EQUAL("de", std::string(player_texts_for("en, de", offered).language).c_str());
  STRCMP_EQUAL("fr", std::string(player_texts_for("en", offered).language).c_str());
  STRCMP_EQUAL("fr", std::string(player_texts_for("", offered).language).c_str());
  STRCMP_EQUAL(
      "en", std::string(player_texts_for("de", std::vector<std::string>{"xx"}).language).c_str());
}

TEST(PlayerTexts, NoWordIsMissing) {
  CHECK_EQUAL(5U, player_texts().size());
  for (const PlayerTexts& one : player_texts())
    for (const std::string_view text :
         {one.page, one.play, one.pause, one.mute, one.volume, one.quality, one.played,
          one.connecting, one.lost, one.login, one.off_air, one.playlist, one.keys})
      CHECK_TEXT(!text.empty(), std::string(one.language).c_str());
}
