#include "stream/log/stream_place.h"

#include "stream/support.h"

using namespace lb;

namespace {

const std::string kLine =
    "4f2a00000000000000000000000000c1.81920; m=3528000/44100; t=1795158080123; z=1795158000100; "
    "n=598386000; g=1795158000; c=6000; h=12; r=40; after=000000000000000000000000000000ff.77";

}  // namespace

TEST_GROUP(StreamPlace){};

TEST(StreamPlace, IsReadAsItIsPrinted) {
  const auto place = parse_stream_place(kLine);
  CHECK(place.has_value());
  CHECK_EQUAL(kLine, print_stream_place(*place));
  LONGS_EQUAL(81920, place->at.position);
  LONGS_EQUAL(3528000, place->media.samples);
  LONGS_EQUAL(12, place->header_bytes);
  LONGS_EQUAL(40, place->relays);
  CHECK(place->anchored);
  LONGS_EQUAL(77, place->after->position);
}
TEST(StreamPlace, WithoutClocksItIsNotAnchored) {
  const auto place = parse_stream_place("4f2a00000000000000000000000000c1.0; m=0/0; t=5");
  CHECK(place.has_value());
  CHECK_FALSE(place->anchored);
}
// Of a source that ends so soon its segments keep the times that they had where it entered.
TEST(StreamPlace, BeforeItsClockIsKnownItHasThatOfItsBegin) {
  const std::string line =
      "4f2a00000000000000000000000000c1.0; m=44100/44100; z=1795158000100; n=5; g=1; c=6000; h=0";
  const auto place = parse_stream_place(line);
  CHECK(place.has_value());
  CHECK_FALSE(place->anchored);
  LONGS_EQUAL(1795158001100, place->wall_ms);
  CHECK_EQUAL(line, print_stream_place(*place));
}
TEST(StreamPlace, UnknownMembersArePassedOver) {
  CHECK(parse_stream_place("4f2a00000000000000000000000000c1.0; x=y; m=1/8000").has_value());
}
TEST(StreamPlace, WhatDoesNotParseIsAsNone) {
  for (const char* line :
       {"", "any", "4f2a.1", "4f2a00000000000000000000000000c1",
        "4f2a00000000000000000000000000c1.", "4f2a00000000000000000000000000c1.-1",
        "4f2a00000000000000000000000000c1.99999999999999999999",
        "4f2a00000000000000000000000000c1.0; m=1",
        "4f2a00000000000000000000000000c1.0; m=1/99999999",
        "4f2a00000000000000000000000000c1.0; m=1152921504606846975/1; z=1",
        "4f2a00000000000000000000000000c1.0; c=0", "4f2a00000000000000000000000000c1.0; c=99999999",
        "4f2a00000000000000000000000000c1.0; h=99999999",
        "4f2a00000000000000000000000000c1.0; r=99999999", "4f2a00000000000000000000000000c1.0; n=x",
        "4f2a00000000000000000000000000c1.0; after=1", "00000000000000000000000000000000.1",
        "4f2a0000000000000000000000000zc1.0"})
    CHECK_TEXT(!parse_stream_place(line).has_value(), line);
}
TEST(StreamPlace, AskingForAByteOrForAny) {
  CHECK(parse_stream_ask(" any ").has_value());
  CHECK_FALSE(parse_stream_ask("any")->at.has_value());
  const auto ask = parse_stream_ask("4f2a00000000000000000000000000c1.5");
  CHECK(ask.has_value() && ask->at.has_value());
  CHECK_EQUAL(std::string("4f2a00000000000000000000000000c1.5"), print_stream_ask(*ask));
  CHECK_FALSE(parse_stream_ask("").has_value());
  CHECK_FALSE(parse_stream_ask("some").has_value());
}
