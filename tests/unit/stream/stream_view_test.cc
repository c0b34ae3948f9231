#include "stream/log/stream_view.h"

#include "stream/support.h"

using namespace lb;
using namespace lb::test;

TEST_GROUP(StreamView) { Writer writer; };

TEST(StreamView, ShowsBytesToTheEndOfTheSegment) {
  writer.window = {100'000, 200'000};
  writer.bytes(32'768).bytes(100);
  const auto view = writer.view();
  LONGS_EQUAL(32'768, view->bytes_at(0).size());
  const auto last = view->bytes_at(32'767);
  LONGS_EQUAL(1, last.size());
  CHECK(last[0] == pattern(32'767));
  const auto next = view->bytes_at(32'768);
  LONGS_EQUAL(100, next.size());
  CHECK(next[0] == pattern(32'768));
}
TEST(StreamView, ShowsBytesOnlyToTheEndOfTheView) {
  writer.bytes(500);
  const auto view = writer.log->publish(300, writer.window, 0, false);
  LONGS_EQUAL(299, view->bytes_at(1).size());
}
TEST(StreamView, HasNoBytesOutsideOfItsSegments) {
  StreamView view;
  view.segments = std::make_shared<const SegmentTable>();
  view.end = 10;
  CHECK(view.bytes_at(0).empty());
  writer.window = {100, 100};
  writer.bytes(40'000);
  const auto trimmed = writer.view();
  CHECK(trimmed->bytes_at(100).empty());  // before the first segment that is kept
  Writer other;
  other.bytes(10);
  CHECK(other.view()->bytes_at(50'000).empty());  // behind the last one
}
TEST(StreamView, KnowsHeadersAndTitlesByPosition) {
  writer.bytes(100).headers("h1").bytes(100).title("t2").bytes(100).headers("h3").title("t3");
  const auto view = writer.view();
  CHECK(to_text(view->headers_at(0)) == "(none)");
  CHECK(to_text(view->headers_at(99)) == "(none)");
  CHECK(to_text(view->headers_at(100)) == "h1");
  CHECK(to_text(view->headers_at(299)) == "h1");
  CHECK(to_text(view->headers_at(300)) == "h3");
  CHECK(to_text(view->headers_at(99'999)) == "h3");
  CHECK(title_of(view->metadata_at(199)) == "(none)");
  CHECK(title_of(view->metadata_at(200)) == "t2");
  CHECK(title_of(view->metadata_at(300)) == "t3");
}
TEST(StreamView, WhatWasInEffectAtTheBeginningHoldsUntilThereIsNewer) {
  StreamView view;
  view.base_headers = std::make_shared<const Bytes>(to_bytes("base"));
  view.base_metadata = std::make_shared<const Metadata>(make_icy_metadata("base", "", "", ""));
  CHECK(to_text(view.headers_at(5)) == "base");
  CHECK(title_of(view.metadata_at(5)) == "base");
  AppendLog<StreamEvent> events;
  events.push({3, nullptr, std::make_shared<const Metadata>(make_icy_metadata("new", "", "", ""))});
  view.events = events.view();
  CHECK(title_of(view.metadata_at(2)) == "base");
  CHECK(title_of(view.metadata_at(3)) == "new");
  CHECK(to_text(view.headers_at(3)) == "base");
}
TEST(StreamView, OfTwoFactsAtOnePlaceTheLaterHolds) {
  writer.title("one").title("two");
  CHECK(title_of(writer.view()->metadata_at(0)) == "two");
}
