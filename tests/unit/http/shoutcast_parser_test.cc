#include <string>

#include "http/every_split.h"
#include "http/parser.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;
using namespace std::literals;

TEST_GROUP(ShoutcastParser){};
TEST(ShoutcastParser, ReadsThePasswordFirstAndThenTheHeaders) {
  ShoutcastParser parser;
  LONGS_EQUAL(6, parser.feed("srcpas"));
  CHECK(!parser.password_known());
  parser.feed("s\r\n");
  CHECK(parser.password_known());
  CHECK(parser.status() == ParseStatus::kMore);
  CHECK(parser.request().password == "srcpass");
  CHECK(parser.request().method == Method::kSource);
  CHECK(parser.request().protocol == Protocol::kIcy);
  const std::string head =
      "icy-name:SC Name\r\nICY-Genre: SC "
      "Genre\r\nicy-url:http://sc/\r\nicy-br:96\r\ncontent-type:audio/mpeg\r\n\r\n";
  LONGS_EQUAL(head.size(), parser.feed(head + "audio"));
  CHECK(parser.status() == ParseStatus::kDone);
  CHECK(parser.request().headers.get("icy-name") == "SC Name");
  CHECK(parser.request().headers.get("icy-genre") == "SC Genre");
  CHECK(parser.request().headers.get("icy-url") == "http://sc/");
  CHECK(parser.request().headers.get("content-type") == "audio/mpeg");
  CHECK(parser.request().path.empty());
  LONGS_EQUAL(0, parser.feed("more"));
}
TEST(ShoutcastParser, TakesPasswordAndHeadersInOnePacketInEverySplit) {
  for (const char* wire : {"user:pass\r\nicy-name:x\r\n\r\naudio", "user:pass\nicy-name:x\n\naudio",
                           "user:pass\r\r\nicy-name:x\r\r\n\r\r\naudio"}) {
    const std::string seen = parse<ShoutcastParser>(wire);
    STRCMP_CONTAINS("[user:pass]\nicy-name=x", seen.c_str());
    CHECK(seen.rfind("done", 0) == 0);
  }
}
TEST(ShoutcastParser, PassesOverLinesThatAreNoHeader) {
  STRCMP_CONTAINS(
      "[p]\nicy-name=x",
      parse<ShoutcastParser>(
          "p\r\nno colon\r\n: v\r\nbad "
          "name\x01:v\r\nicy-url:\r\nicy-x:a\0b\r\nicy-y:a\rb\r\n icy-name : x\r\n\r\n"s)
          .c_str());
}
TEST(ShoutcastParser, DropsEveryFault) {
  std::string many = "p\r\n";
  for (int i = 0; i < 129; ++i) many += "a:b\r\n";
  for (const std::string& wire :
       {std::string("\r\n"), std::string("\n"), std::string("pa\x01ss\r\n"), "pa\0ss\r\n"s,
        std::string(17'000, 'p'), "p\r\nicy-name:" + std::string(17'000, 'x'),
        "p\r\na:" + std::string(8000, 'x') + "\r\nb:" + std::string(8000, 'x') +
            "\r\nc:" + std::string(8000, 'x'),
        many}) {
    CHECK_TEXT(parse<ShoutcastParser>(wire).rfind("drop", 0) == 0, wire.substr(0, 20).c_str());
  }
}
TEST(ShoutcastParser, TakesAnHttpRequestForAPassword) {
  ShoutcastParser parser;
  parser.feed("GET / HTTP/1.0\r\n");
  CHECK(parser.password_known());
  CHECK(parser.request().password == "GET / HTTP/1.0");
}
