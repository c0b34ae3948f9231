#include "admin/page/player_page.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

PlayerFacts example() {
  PlayerFacts facts;
  facts.name = "Rock <b>";
  facts.now = "/api/v1/now/rock.mp3";
  facts.streams = {{"/rock.mp3", "audio/mpeg", "128"}, {"/rock-64.aac", "", ""}};
  return facts;
}

bool has(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_GROUP(PlayerPage){};

TEST(PlayerPage, TextOnTheColourOfAStationIsReadWell) {
  const struct {
    const char* colour;
    const char* on;
  } rows[] = {{"#000000", "#ffffff"}, {"#ffffff", "#000000"}, {"#b3261e", "#ffffff"},
              {"#FFCC00", "#000000"}, {"#767676", "#000000"}, {"#757575", "#ffffff"},
              {"#747474", "#ffffff"}, {"#0000ff", "#ffffff"}, {"#00ff00", "#000000"}};
  for (const auto& row : rows) {
    const std::string sheet = colour_sheet(row.colour);
    CHECK_TEXT(has(sheet, (std::string("--brand: ") + row.colour + ";").c_str()), sheet.c_str());
    CHECK_TEXT(has(sheet, (std::string("--on-brand: ") + row.on + ";").c_str()), sheet.c_str());
  }
}

TEST(PlayerPage, AStationHasItsLogoItsColourAndItsLinks) {
  PlayerFacts facts = example();
  facts.logo = "/a \"b\".png";
  facts.sheet = "/_lb/player/rock.css";
  facts.past = false;
  facts.links = {{"Im<print>", "https://example.org/?a=1&b=\"2\""}};
  const std::string page = player_page(facts, player_texts_for("en"));
  for (const char* part :
       {"src=\"/a%20%22b%22.png\"", "href=\"/_lb/player/rock.css\"", "data-past=\"0\"",
        "href=\"https://example.org/?a=1&amp;b=&quot;2&quot;\" rel=\"noopener\"", "Im&lt;print&gt;",
        "data-now=\"/api/v1/now/rock.mp3\""})
    CHECK_TEXT(has(page, part), (std::string(part) + " is not in " + page).c_str());
}

TEST(PlayerPage, APageWithoutAStationHasNoneOfThem) {
  const std::string page = player_page(example(), player_texts_for("en"));
  for (const char* part : {"id=\"logo\"", "data-past", "/_lb/player/", "<footer"})
    CHECK_TEXT(!has(page, part), part);
  CHECK(has(page, "Rock &lt;b&gt;"));
}
