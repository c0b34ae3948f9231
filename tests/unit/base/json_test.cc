#include "base/json.h"

#include <ctime>
#include <limits>
#include <string>

#include "base/encoding.h"
#include "base/random.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace std::literals;

TEST_GROUP(Json){};
TEST(Json, ReadsEveryType) {
  const auto doc =
      Json::parse(R"({"t":"x\u00e9","n":7,"d":-1.5,"b":true,"z":null,"a":[1,[2]],"o":{"k":"v"}})");
  CHECK(doc.has_value());
  CHECK(doc->is_object());
  LONGS_EQUAL(7, doc->size());
  CHECK(doc->at("t").text() == std::optional<std::string_view>("x\xc3\xa9"));
  CHECK(doc->at("n").u64() == std::optional<std::uint64_t>(7));
  CHECK(doc->at("n").number() == std::optional<double>(7.0));
  CHECK(doc->at("d").number() == std::optional<double>(-1.5));
  CHECK(doc->at("b").boolean() == std::optional<bool>(true));
  CHECK(doc->at("z").is_null());
  CHECK(!doc->at("z").missing());
  CHECK(doc->at("a").is_array());
  CHECK(doc->at("a").at(1).at(0).u64() == std::optional<std::uint64_t>(2));
  CHECK(doc->at("o").at("k").text() == std::optional<std::string_view>("v"));
}
TEST(Json, AValueOfAnotherTypeIsNotThere) {
  const auto doc = Json::parse(R"({"n":-1,"f":1.0,"t":"7","b":false})");
  CHECK(doc.has_value());
  CHECK(!doc->at("n").u64().has_value());
  CHECK(!doc->at("f").u64().has_value());
  CHECK(!doc->at("t").u64().has_value());
  CHECK(!doc->at("t").number().has_value());
  CHECK(!doc->at("n").text().has_value());
  CHECK(!doc->at("n").boolean().has_value());
  CHECK(!doc->at("b").number().has_value());
}
TEST(Json, WhatIsNotThereIsMissingAtAnyDepth) {
  const auto doc = Json::parse(R"({"a":[1]})");
  CHECK(doc.has_value());
  const Json none = doc->at("x").at("y").at(std::size_t{3});
  CHECK(none.missing());
  CHECK(!none.is_null());
  CHECK(!none.is_object());
  CHECK(!none.is_array());
  CHECK(!none.text().has_value());
  CHECK(!none.u64().has_value());
  CHECK(!none.number().has_value());
  CHECK(!none.boolean().has_value());
  LONGS_EQUAL(0, none.size());
  CHECK(none.name(0).empty());
  CHECK(doc->at("a").at(std::size_t{1}).missing());
  CHECK(doc->at("a").at("name").missing());
  CHECK(doc->at("a").name(0).empty());
}
TEST(Json, AnotherDocumentIsMerged) {
  const Json target = *Json::parse(R"({"a":{"b":1,"c":2},"d":[1,2],"e":"x"})");
  const Json out = target.merged(*Json::parse(R"({"a":{"b":null,"f":3},"d":[3]})"));
  CHECK(out.at("a").at("b").missing());
  LONGS_EQUAL(2, *out.at("a").at("c").u64());
  LONGS_EQUAL(3, *out.at("a").at("f").u64());
  LONGS_EQUAL(1, out.at("d").size());
  STRCMP_EQUAL("x", std::string(*out.at("e").text()).c_str());
  LONGS_EQUAL(1, *target.at("a").at("b").u64());
  LONGS_EQUAL(1, *Json().merged(*Json::parse(R"({"a":1})")).at("a").u64());
}
TEST(Json, NamesTheMembersOfAnObject) {
  const auto doc = Json::parse(R"({"b":1,"a":2})");
  CHECK(doc.has_value());
  CHECK(doc->name(0) == "a");
  CHECK(doc->at(std::size_t{0}).u64() == std::optional<std::uint64_t>(2));
  CHECK(doc->name(1) == "b");
  CHECK(doc->name(2).empty());
}
TEST(Json, AMemberKeepsTheDocumentAlive) {
  Json member;
  {
    const auto doc = Json::parse(R"({"k":"a text that is too long for the small string buffer"})");
    CHECK(doc.has_value());
    member = doc->at("k");
  }
  CHECK(member.text().value_or("") == "a text that is too long for the small string buffer");
}
TEST(Json, RefusesWhatIsNoDocument) {
  for (const char* bad : {"", " ", "{", "[1,]", "{\"a\":}", "{'a':1}", "nul", "1 2", "\"\xff\"",
                          "\"\x01\"", "\"\\ud800\"", "[1]]", "NaN", "01"}) {
    const auto doc = Json::parse(bad);
    CHECK_TEXT(!doc.has_value(), bad);
    CHECK(doc.error().code == Error::Code::kInvalid);
  }
}
TEST(Json, LooksForNamesThatStandTwiceInTheTimeOfReading) {
  CHECK(!Json::parse(R"({"a":1,"b":{"a":2},"a":3})", Json::kDepth, Json::Names::kOnce));
  CHECK(Json::parse(R"({"a":1,"b":[{"a":2},{"a":3}]})", Json::kDepth, Json::Names::kOnce)
            .has_value());
  std::string many = "[{}";
  for (int i = 0; i < 100'000; ++i) many += ",{}";
  many += ']';
  const auto time_of = [&many](Json::Names names) {
    const std::clock_t begin = std::clock();
    CHECK(Json::parse(many, Json::kDepth, names).has_value());
    return std::clock() - begin;
  };
  CHECK(time_of(Json::Names::kOnce) < 30 * time_of(Json::Names::kAny) + CLOCKS_PER_SEC / 10);
}

TEST(Json, RefusesDeepNesting) {
  const auto nested = [](std::size_t n) { return std::string(n, '[') + std::string(n, ']'); };
  CHECK(Json::parse(nested(32)).has_value());
  const auto deep = Json::parse(nested(33));
  CHECK(!deep.has_value());
  CHECK(deep.error().code == Error::Code::kLimit);
  CHECK(!Json::parse(nested(1000000)).has_value());
  CHECK(Json::parse(R"({"brackets in a \"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[ string":1})")
            .has_value());
}

TEST_GROUP(JsonWriter){};
TEST(JsonWriter, PutsCommasWhereTheyBelong) {
  JsonWriter w;
  w.reserve(100);
  w.begin_object().key("a").number(1).key("b").begin_array();
  w.number(std::uint64_t{18446744073709551615U})
      .number(std::int64_t{-5})
      .text("x")
      .null()
      .boolean(true)
      .boolean(false);
  w.begin_object().end_object().begin_array().end_array().end_array();
  w.key("c").begin_object().key("d").number(0.5).end_object().key("e").number(7U).end_object();
  CHECK(w.take() ==
        R"({"a":1,"b":[18446744073709551615,-5,"x",null,true,false,{},[]],"c":{"d":0.5},"e":7})");
}
TEST(JsonWriter, StartsAnewAfterTake) {
  JsonWriter w;
  w.text("a");
  CHECK(w.take() == "\"a\"");
  w.begin_array().end_array();
  CHECK(w.take() == "[]");
}
TEST(JsonWriter, WhatIsNoNumberIsNull) {
  JsonWriter w;
  w.begin_array()
      .number(std::numeric_limits<double>::quiet_NaN())
      .number(std::numeric_limits<double>::infinity());
  w.end_array();
  CHECK(w.take() == "[null,null]");
}
TEST(JsonWriter, EscapesWhatMustBeEscaped) {
  std::string out;
  append_json_text(out, "a\"\\\x01\n\x7f\0b\xc3\xa9"sv);
  CHECK(out == "\"a\\\"\\\\\\u0001\\u000a\\u007f\\u0000b\xc3\xa9\"");
}
TEST(JsonWriter, NoTerminalObeysWhatItWrites) {  // C1: U+009B begins a sequence, as ESC [ does
  std::string out;
  append_json_text(out, "\xc2\x80\xc2\x9b\xc2\x9f\xc2\xa0\x1b");
  CHECK(out == "\"\\u0080\\u009b\\u009f\xc2\xa0\\u001b\"");
}
TEST(JsonWriter, BadUtf8BecomesTheReplacementCharacter) {
  std::string out;
  append_json_text(out, "\xff\xc3 \xed\xa0\x80");
  CHECK(out == "\"\xef\xbf\xbd\xef\xbf\xbd \xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
}
TEST(JsonWriter, AnyBytesGiveADocumentThatParsesBack) {
  Rng rng(11);
  for (int round = 0; round < 500; ++round) {
    std::string bytes;
    for (std::uint64_t n = rng.below(40); n > 0; --n) bytes += static_cast<char>(rng.below(256));
    JsonWriter w;
    w.begin_object().key(bytes).text(bytes).end_object();
    const std::string text = w.take();
    CHECK(valid_utf8(text));
    const auto doc = Json::parse(text);
    CHECK(doc.has_value());
    LONGS_EQUAL(1, doc->size());
    CHECK(doc->at(std::size_t{0}).text().has_value());
    if (valid_utf8(bytes)) CHECK(doc->at(bytes).text() == std::optional<std::string_view>(bytes));
  }
}
