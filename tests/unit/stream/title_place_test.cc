#include "stream/log/title_place.h"

#include "media/icy.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(TitlePlace){};

TEST(TitlePlace, IsReadAsItWasWritten) {
  TitlePlace place;
  place.at = StreamAddress{{1, 2}, 94085};
  place.wall_ms = 1795521699008;
  const auto read = parse_title_place(print_title_place(place));
  CHECK(read && read->at == place.at && read->wall_ms == place.wall_ms);
  place.wall_ms.reset();
  const auto bare = parse_title_place(print_title_place(place));
  CHECK(bare && bare->at == place.at && !bare->wall_ms);
  STRCMP_EQUAL("", print_title_place({}).c_str());
}
TEST(TitlePlace, WhatIsNoneIsNotTaken) {
  const std::string good = print_title_place({StreamAddress{{1, 2}, 5}, 7});
  CHECK(parse_title_place(good).has_value());
  for (const std::string& text : {std::string(), std::string(" "), std::string("x"), good + "x",
                                  good + " ", std::string("7 ") + good, good.substr(1),
                                  std::string(1000, '1'), good.substr(0, good.size() - 1) + "-1",
                                  good.substr(0, good.size() - 1) + "99999999999999999999"})
    CHECK_FALSE_TEXT(parse_title_place(text).has_value(), text.c_str());
}
TEST(TitlePlace, PlayersReadTheTitleOfABlockThatHasIt) {
  const std::string block = make_icy_block("It's ';LB='x'; here", "http://a/b");
  const std::string placed = with_icy_place(block, "4f.1 2");
  LONGS_EQUAL(0, (placed.size() - 1) % 16);
  LONGS_EQUAL((placed.size() - 1) / 16, static_cast<unsigned char>(placed[0]));
  const auto plain = parse_icy_text(std::string_view(block).substr(1));
  const auto read = parse_icy_text(std::string_view(placed).substr(1));
  CHECK(plain && read);
  STRCMP_EQUAL(plain->title.c_str(), read->title.c_str());
  STRCMP_EQUAL("http://a/b", read->url.c_str());
  STRCMP_EQUAL("4f.1 2", read->place.c_str());
  STRCMP_EQUAL("", plain->place.c_str());
}
TEST(TitlePlace, ATitleThatFillsTheBlockGoesWithoutIt) {
  STRCMP_EQUAL("", with_icy_place(make_icy_block(std::string(5000, 'a'), ""), "4f.1").c_str());
  STRCMP_EQUAL("", with_icy_place("", "4f.1").c_str());
}
