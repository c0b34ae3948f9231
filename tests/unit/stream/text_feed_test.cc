#include "stream/file/text_feed.h"

#include <string>

#include "stream/support.h"

using namespace lb;
using namespace lb::test;

namespace {

std::string id_of(const std::string& event) {
  const std::size_t at = event.find("id: ") + 4;
  return event.substr(at, event.find('\n', at) - at);
}

}  // namespace

TEST_GROUP(TextFeed) {
  std::shared_ptr<TextFeed> feed = TextFeed::create("/live", 1, "7n1").value();
  SteadyTime now{};
  std::string from(std::uint64_t position) {
    return read_view(*feed->mount()->channel().newest(), position);
  }
  void put(std::string_view data) { CHECK(static_cast<bool>(feed->append("title", data, now))); }
};

TEST(TextFeed, ANewcomerGetsTheStateAndThenTheLog) {
  feed->set_state("state", "{1}");
  put("{2}");
  const auto start = feed->start_for("");
  STRCMP_EQUAL("retry: 2000\nid: 7n1-000000000000\nevent: state\ndata: {1}\n\n",
               to_text(start.text).c_str());
  const std::string event = from(start.position);
  STRCMP_EQUAL("id: 7n1-00000000002d\nevent: title\ndata: {2}\n\n", event.c_str());
  LONGS_EQUAL(0x2d, event.size());
}
TEST(TextFeed, AnEventWithoutATypeIsItsDataAlone) {
  feed->set_state("", "{1}");
  CHECK(static_cast<bool>(feed->append("", "{2}", now)));
  CHECK(static_cast<bool>(feed->beat(now, "{}")));
  const auto start = feed->start_for("");
  STRCMP_EQUAL("retry: 2000\ndata: {1}\n\n", to_text(start.text).c_str());
  STRCMP_EQUAL("data: {2}\n\ndata: {}\n\n", from(start.position).c_str());
}
TEST(TextFeed, OneThatComesBackGoesOnBehindItsEvent) {
  feed->set_state("state", "{}");
  put("{1}");
  const std::string last = id_of(from(0));
  put("{2}");
  const auto start = feed->start_for(last);
  CHECK(start.text == nullptr);
  STRCMP_CONTAINS("{2}", from(start.position).c_str());
  CHECK(from(start.position).find("{1}") == std::string::npos);
}
TEST(TextFeed, AnIdThatIsNoneOfItsOwnGetsTheState) {
  feed->set_state("state", "{}");
  put("{1}");
  for (const char* id : {"", "-", "7n1", "7n1-", "7n1-0", "7n1-00000000000g", "7n1-ffffffffffff",
                         "7n2-000000000000", "7n1-0000000000000", "7n1--00000000001"})
    CHECK_TEXT(feed->start_for(id).text != nullptr, id);
}
TEST(TextFeed, WhatTheWindowHasLeftGetsTheState) {
  feed->set_state("state", "{}");
  put("{1}");
  const std::string first = id_of(from(0));
  const std::string large(1000, 'x');
  for (int i = 0; i < 200; ++i) {
    now += std::chrono::seconds(1);
    put(large);
  }
  CHECK(feed->start_for(first).text != nullptr);
  CHECK(feed->mount()->channel().newest()->begin > 0);
}
TEST(TextFeed, EndsForItsReaders) {
  put("{1}");
  static_cast<void>(feed->end());
  CHECK(feed->mount()->channel().newest()->ended);
}
