// A body, a record and an answer of one table, and their schema.
#include "base/object_reader.h"

#include <string>
#include <vector>

#include "base/object_kinds.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

constexpr std::array<std::string_view, 2> kColours{"red", "blue"};
constexpr char kNoColour[] = "red or blue is needed";
enum class Colour { kRed, kBlue };

struct Wheel {
  std::optional<std::uint64_t> spokes;
};
struct Cart {
  std::string name, by;
  Colour colour = Colour::kRed;
  Wheel wheel;
  std::vector<std::string> tags;
};

constexpr auto kWheelFields = std::to_array({member<JsonNumber<3, 40>, &Wheel::spokes>("spokes")
                                                 .null(Form::kBody | Form::kAnswer)
                                                 .about("How many.")});
constexpr auto kCartFields = std::to_array(
    {member<JsonText<4, 1>, &Cart::name>("name").needed(Form::kNew, "it is missing"),
     member<JsonText<9>, &Cart::by>("by").in(Form::kRecord | Form::kAnswer).null(Form::kAnswer),
     member<JsonWord<kColours, kNoColour>, &Cart::colour>("colour"),
     member<JsonObject<kWheelFields>, &Cart::wheel>("wheel"),
     member<JsonTexts<2, 3>, &Cart::tags>("tags").sparse(Form::kRecord)});

std::string faults_of(Forms form, const char* text, Cart& cart) {
  std::vector<JsonFault> faults;
  ObjectReader(*Json::parse(text), form, faults).take(kCartFields, cart).finish();
  std::string out;
  for (const JsonFault& fault : faults) out += cat({fault.pointer, ": ", fault.detail, "\n"});
  return out;
}
std::string faults_of(Forms form, const char* text) {
  Cart cart;
  return faults_of(form, text, cart);
}

}  // namespace

TEST_GROUP(ObjectReader){};

TEST(ObjectReader, EachFormHasItsMembers) {
  Cart cart;
  STRCMP_EQUAL(
      "",
      faults_of(Form::kNew, R"({"name":"a","colour":"blue","wheel":{"spokes":5}})", cart).c_str());
  cart.by = "me";
  STRCMP_EQUAL(R"({"name":"a","by":"me","colour":"blue","wheel":{"spokes":5}})",
               object_json<kCartFields>(Form::kRecord, cart).c_str());
  STRCMP_EQUAL("", faults_of(Form::kChange, R"({"wheel":{"spokes":null}})", cart).c_str());
  cart.by.clear();
  STRCMP_EQUAL(R"({"name":"a","by":null,"colour":"blue","wheel":{"spokes":null},"tags":[]})",
               object_json<kCartFields>(Form::kAnswer, cart).c_str());
  STRCMP_EQUAL(R"({"name":"a","by":"","colour":"blue","wheel":{}})",
               object_json<kCartFields>(Form::kRecord, cart).c_str());
}
TEST(ObjectReader, ZeroIsAValue) {
  Wheel wheel{0};
  STRCMP_EQUAL(R"({"spokes":0})", object_json<kWheelFields>(Form::kAnswer, wheel).c_str());
}
TEST(ObjectReader, AllFaultsHavePointers) {
  STRCMP_EQUAL("/name: it is missing\n", faults_of(Form::kNew, "{}").c_str());
  STRCMP_EQUAL("", faults_of(Form::kChange, "{}").c_str());
  STRCMP_EQUAL(": an object is needed\n", faults_of(Form::kNew, "[]").c_str());
  STRCMP_EQUAL(
      "/name: the text has 5 bytes; at most 4 are taken\n"
      "/colour: red or blue is needed\n"
      "/wheel/spokes: a whole number from 3 to 40 is needed\n"
      "/wheel/a~1b: no such member\n"
      "/tags/1: a text of 1 to 3 bytes is needed\n"
      "/by: no such member\n",
      faults_of(Form::kNew, R"({"name":"abcde","colour":"green","by":"x",)"
                            R"("wheel":{"spokes":2,"a/b":1},"tags":["a",""]})")
          .c_str());
  STRCMP_EQUAL("/name: it is empty\n", faults_of(Form::kChange, R"({"name":""})").c_str());
  STRCMP_EQUAL("/colur: no such member; did you mean \"colour\"?\n",
               faults_of(Form::kChange, R"({"colur":"red"})").c_str());
}
// It may be of a later version, or by another hand.
TEST(ObjectReader, ARecordMayHaveMoreAndNulls) {
  Cart cart;
  STRCMP_EQUAL("", faults_of(Form::kRecord, R"({"name":"a","by":null,"later":1})", cart).c_str());
  STRCMP_EQUAL("a", cart.name.c_str());
}
TEST(ObjectReader, TheSchemaIsOfTheSameTable) {
  STRCMP_EQUAL(
      R"({"type":"object","required":["name"],"additionalProperties":false,"properties":{)"
      R"("name":{"type":"string","minLength":1,"maxLength":4},"colour":{"enum":["red","blue"]},)"
      R"("wheel":{"type":"object","additionalProperties":false,"properties":{)"
      R"("spokes":{"type":["integer","null"],"minimum":3,"maximum":40,"description":"How many."}}},)"
      R"("tags":{"type":"array","maxItems":2,"items":{"type":"string"}}}})",
      ObjectSchema(Form::kNew).add(kCartFields).text().c_str());
  STRCMP_EQUAL(
      R"({"type":"object","required":["name","by","colour","wheel","tags"],"properties":{)"
      R"("name":{"type":"string"},"by":{"type":["string","null"]},)"
      R"("colour":{"enum":["red","blue"]},)"
      R"("wheel":{"type":"object","required":["spokes"],"additionalProperties":false,"properties":{)"
      R"("spokes":{"type":["integer","null"],"description":"How many."}}},)"
      R"("tags":{"type":"array","items":{"type":"string"}}}})",
      ObjectSchema(Form::kAnswer).add(kCartFields).text(true).c_str());
}
