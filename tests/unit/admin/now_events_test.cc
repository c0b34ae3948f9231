#include "admin/feed/now_events.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(NowEvents) {
  NowMount before, after;
  void setup() override {
    before.stream.on_air = true;
    before.stream.listeners = 3;
    before.title = PlayedTitle{WallTime(std::chrono::seconds(100)), "A - B"};
    before.title_has_time = true;
    after = before;
  }
};

TEST(NowEvents, NothingHasChanged) { CHECK(now_events(before, after).empty()); }
TEST(NowEvents, ATitleIsToldAsInTheState) {
  after.title = PlayedTitle{WallTime(std::chrono::seconds(200)), "C - D"};
  const auto events = now_events(before, after);
  LONGS_EQUAL(1, events.size());
  STRCMP_EQUAL("title", std::string(events[0].type).c_str());
  CHECK(now_json(after, 1).find("\"title\":" + events[0].data) != std::string::npos);
}
TEST(NowEvents, TheSameTextAtAnotherTimeIsAnotherTitle) {
  after.title->at += std::chrono::seconds(1);
  LONGS_EQUAL(1, now_events(before, after).size());
}
TEST(NowEvents, AStreamThatEndsHasNoTitle) {
  after.stream.on_air = false;
  after.title.reset();
  const auto events = now_events(before, after);
  LONGS_EQUAL(2, events.size());
  STRCMP_EQUAL("{\"on_air\":false}", events[0].data.c_str());
  STRCMP_EQUAL("null", events[1].data.c_str());
}
TEST(NowEvents, ListenersAreANumber) {
  after.stream.listeners = 5;
  const auto events = now_events(before, after);
  LONGS_EQUAL(1, events.size());
  STRCMP_EQUAL("{\"listeners\":5}", events[0].data.c_str());
}
TEST(NowEvents, WhatPlaysNextIsToldAsInTheState) {
  after.next = PlayedTitle{WallTime(std::chrono::seconds(150)), "N - Next"};
  auto events = now_events(before, after);
  LONGS_EQUAL(1, events.size());
  STRCMP_EQUAL("next", std::string(events[0].type).c_str());
  STRCMP_EQUAL(
      "{\"text\":\"N - "
      "Next\",\"artist\":\"N\",\"title\":\"Next\",\"album\":null,\"duration_ms\":null,"
      "\"isrc\":null}",
      events[0].data.c_str());
  CHECK(now_json(after, 1).find("\"next\":" + events[0].data) != std::string::npos);
  CHECK(now_events(after, after).empty());
  events = now_events(after, before);
  LONGS_EQUAL(1, events.size());
  STRCMP_EQUAL("null", events[0].data.c_str());
}
TEST(NowEvents, ASeamIsToldOnce) {
  before.seams = {{1000, 2000}};
  after.seams = {{1000, 2000}, {9000, 9500}};
  const auto events = now_events(before, after);
  LONGS_EQUAL(1, events.size());
  STRCMP_EQUAL("seam", std::string(events[0].type).c_str());
  STRCMP_EQUAL("{\"wall_ms\":9500,\"after_wall_ms\":9000}", events[0].data.c_str());
  CHECK(now_json(after, 1).find(events[0].data) != std::string::npos);
  CHECK(now_events(after, before).empty());  // one that is forgotten is no news
}
