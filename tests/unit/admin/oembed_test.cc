#include "admin/page/player_page.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(Oembed){};

TEST(Oembed, AnAddressOfAPageInParts) {
  const auto page = parse_player_address("HTTPS://radio.example:8443/listen/a%20b.mp3?x=%22#y");
  CHECK(page.has_value());
  STRCMP_EQUAL("https", page->scheme.c_str());
  STRCMP_EQUAL("radio.example:8443", page->host.c_str());
  STRCMP_EQUAL("/a b.mp3", page->mount.c_str());
  STRCMP_EQUAL("https://radio.example:8443/listen/a%20b.mp3", to_text(*page).c_str());
}

TEST(Oembed, WhatIsNoAddressOfAPage) {
  for (const char* url :
       {"", "/listen/a", "http://", "http:///listen/a", "http://h", "http://h/", "http://h/listen",
        "http://h/listenx/a", "http://h?/listen/a", "http://u@h/listen/a", "http://h\"/listen/a",
        "http://h h/listen/a", "javascript://h/listen/a", "http://h/listen/%zz"})
    CHECK_TEXT(!parse_player_address(url), url);
  CHECK(!is_plain_host(std::string(256, 'a')));
}

TEST(Oembed, NothingOfANameIsMarkup) {
  const PlayerAddress page{"http", "h", "/\"'<b>&"};
  const std::string xml = oembed_xml(page, "\"'<b>&\x01", {});
  CHECK(xml.find("<b>") == std::string::npos && xml.find('\x01') == std::string::npos);
  const std::string json = oembed_json(page, "\"><script>", {});
  CHECK(json.find("<script>") != std::string::npos);  // the title, which is text
  CHECK(json.find("title=\\\"&quot;&gt;&lt;script&gt;\\\"") != std::string::npos);
}
