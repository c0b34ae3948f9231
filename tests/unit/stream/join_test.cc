#include "stream/log/join.h"

#include "stream/support.h"

using namespace lb;
using namespace lb::test;

TEST_GROUP(Join) {
  Writer writer;
  void is(const JoinPlan& plan, std::uint64_t position, const char* headers, bool waits) {
    LONGS_EQUAL(position, plan.position);
    STRCMP_EQUAL(headers, to_text(plan.headers).c_str());
    CHECK_EQUAL(waits, plan.wait_for_mark);
  }
};

TEST(Join, AnEmptyStreamBeginsAtItsBeginning) {
  is(plan_join(*writer.view(), 65536), 0, "(none)", false);
  is(plan_enter_live(*writer.view()), 0, "(none)", false);
  is(plan_enter_seam(*writer.view()), 0, "(none)", false);
}
TEST(Join, BeginsAtTheLastMarkAtOrBeforeTheBurst) {
  writer.units(10, 100);
  const auto view = writer.view();
  is(plan_join(*view, 250), 700, "(none)", false);
  is(plan_join(*view, 300), 700, "(none)", false);
  is(plan_join(*view, 301), 600, "(none)", false);
}
TEST(Join, ABurstLongerThanTheWindowBeginsAtTheOldestMark) {
  writer.bytes(50).units(10, 100);
  is(plan_join(*writer.view(), 65536), 50, "(none)", false);
  writer.window = {480, 480};
  const auto view = writer.view();
  LONGS_EQUAL(570, view->begin);
  is(plan_join(*view, 65536), 650, "(none)", false);
}
TEST(Join, WithoutABurstBeginsAtTheBoundaryThatTheMarksRunAheadTo) {
  writer.units(3, 100).sync().bytes(30);  // the unit from 300 on is still coming in
  const auto view = writer.log->publish(300, writer.window, Channel::kNoReader, false);
  is(plan_join(*view, 0), 300, "(none)", false);
  is(plan_enter_live(*view), 300, "(none)", false);
}
TEST(Join, AMarkAheadOfTheEndIsNoPlaceToBegin) {
  writer.bytes(100).sync().bytes(50);
  const auto view = writer.log->publish(60, writer.window, Channel::kNoReader, false);
  is(plan_join(*view, 40), 20, "(none)", false);
  is(plan_enter_live(*view), 60, "(none)", false);
}
TEST(Join, WhereNothingIsInSyncBeginsAtThePlainOffset) {
  writer.bytes(1000);
  is(plan_join(*writer.view(), 250), 750, "(none)", false);
  is(plan_join(*writer.view(), 0), 1000, "(none)", false);
  is(plan_enter_live(*writer.view()), 1000, "(none)", false);
}
TEST(Join, SendsTheHeadersThatHoldAtTheMark) {
  writer.headers("old").units(5, 100).headers("new").units(5, 100);
  const auto view = writer.view();
  is(plan_join(*view, 700), 300, "old", false);
  is(plan_join(*view, 500), 500, "new", false);
  is(plan_enter_live(*view), 900, "new", false);
}
TEST(Join, AStandaloneMarkNeedsNoHeaders) {
  writer.headers("old").units(5, 100).headers("new").start().bytes(100);
  is(plan_join(*writer.view(), 100), 500, "(none)", false);
}
TEST(Join, HeadersWithoutAnyMarkMeanWaitingForTheNextUnit) {
  writer.headers("head").bytes(1000);
  is(plan_join(*writer.view(), 250), 1000, "head", true);
  is(plan_enter_live(*writer.view()), 1000, "head", true);
  writer.sync().bytes(10);  // ahead of the end
  const auto view = writer.log->publish(999, writer.window, Channel::kNoReader, false);
  is(plan_join(*view, 250), 999, "head", true);
}

TEST(Join, EntersLiveAtTheNewestMark) {
  writer.units(10, 100).bytes(7);
  is(plan_enter_live(*writer.view()), 900, "(none)", false);
}
TEST(Join, EntersWhereThePresentSourceBegan) {
  writer.units(4, 100);
  writer.log->begin_source(writer.log->head());
  writer.headers("new").start().bytes(100).units(4, 100);
  is(plan_enter_seam(*writer.view()), 400, "(none)", false);
}
TEST(Join, EntersAtTheFirstMarkBehindTheSeam) {
  writer.units(4, 100);
  writer.log->begin_source(writer.log->head());
  writer.headers("new").bytes(30).units(4, 100);
  is(plan_enter_seam(*writer.view()), 430, "new", false);
}
TEST(Join, EntersAtTheSeamWhereThePresentSourceHasNoMarkYet) {
  writer.units(4, 100);
  writer.log->begin_source(writer.log->head());
  writer.bytes(50);
  is(plan_enter_seam(*writer.view()), 400, "(none)", false);
  writer.sync().bytes(50);
  const auto view = writer.log->publish(449, writer.window, Channel::kNoReader, false);
  is(plan_enter_seam(*view), 400, "(none)", false);
}
TEST(Join, EntersAtTheSeamOfAStreamWithoutMarks) {
  writer.bytes(400);
  writer.log->begin_source(writer.log->head());
  writer.bytes(50);
  is(plan_enter_seam(*writer.view()), 400, "(none)", false);
}
TEST(Join, EntersLiveWhenTheSeamHasLeftTheWindow) {
  writer.bytes(100);
  writer.log->begin_source(writer.log->head());
  writer.units(20, 100);
  writer.window = {500, 500};
  const auto view = writer.view();
  CHECK(view->begin > view->seam);
  is(plan_enter_seam(*view), 2000, "(none)", false);
}
namespace {

StreamSpan span_of(std::uint64_t id) {
  StreamSpan span;
  span.id = {id, id};
  return span;
}

}  // namespace

TEST(Join, AServerGetsTheHeadersOfAStreamThatBeginsInThisMomentAsItsFirstBytes) {
  writer.log->begin_source(0, span_of(1));
  writer.bytes(100).headers("head");
  const auto joined = plan_placed_join(*writer.view(), 65536, {}, 0);
  is(joined.plan, 0, "(none)", false);
  CHECK(joined.place.has_value());
  CHECK(joined.place->at == StreamAddress({{1, 1}, 0}));
}
TEST(Join, AServerGetsNoHeadersOfTheChainBefore) {
  writer.log->begin_source(0, span_of(1));
  writer.bytes(50).headers("old").units(4, 100);
  const StreamAddress wanted{{1, 1}, writer.log->head()};
  // The end of the chain has no address; the next one begins with its own headers.
  writer.log->begin_source(writer.log->head());
  writer.bytes(20);
  writer.log->begin_source(writer.log->head(), span_of(2));
  writer.bytes(50);
  for (const bool exact : {true, false}) {
    StreamAsk ask;
    if (exact) ask.at = wanted;
    const auto joined = plan_placed_join(*writer.view(), 65536, ask, 0);
    is(joined.plan, 470, "(none)", false);
    CHECK(joined.place->at == StreamAddress({{2, 2}, 0}));
    LONGS_EQUAL(0, joined.place->header_bytes);
  }
}
TEST(Join, AServerGetsTheHeadersThatARelayHasPutInFront) {
  writer.log->begin_source(0, span_of(1));
  writer.bytes(50).headers("old").units(4, 100);
  const StreamAddress wanted{{1, 1}, writer.log->head()};
  writer.log->begin_source(writer.log->head());
  writer.bytes(30).headers("new");
  writer.log->new_span(writer.log->head(), span_of(2));
  writer.units(2, 100);
  StreamAsk ask;
  ask.at = wanted;
  const auto joined = plan_placed_join(*writer.view(), 65536, ask, 0);
  is(joined.plan, 480, "new", false);
  LONGS_EQUAL(3, joined.place->header_bytes);
}
TEST(Join, AServerIsToldTheMediaTimeOfAStreamThatFollows) {
  writer.log->begin_source(0, span_of(1));
  writer.units(4, 100);
  const StreamAddress wanted{{1, 1}, writer.log->head()};
  writer.log->begin_source(writer.log->head(), span_of(2));
  writer.log->clock(writer.log->head(), 44100);
  writer.units(4, 100);
  StreamAsk ask;
  ask.at = wanted;
  const auto joined = plan_placed_join(*writer.view(), 65536, ask, 0);
  is(joined.plan, 400, "(none)", false);
  CHECK(joined.place->after == wanted);
  LONGS_EQUAL(44100, joined.place->media.rate_hz);
}
TEST(Join, AServerThatHasReadAStreamThatIsGoneGetsTheNextFromItsFirstByte) {
  writer.log->begin_source(0, span_of(2));
  writer.units(40, 100);
  StreamAsk ask;
  ask.at = StreamAddress{{1, 1}, 12345};
  auto joined = plan_placed_join(*writer.view(), 1000, ask, 4000);
  is(joined.plan, 0, "(none)", false);
  CHECK(joined.place->at == StreamAddress({{2, 2}, 0}));
  CHECK(!joined.place->after);
  // It has begun a while ago.
  joined = plan_placed_join(*writer.view(), 1000, ask, 3999);
  is(joined.plan, 3000, "(none)", false);
}
// Else a server that searches the seam in it by content would have it in two parts.
TEST(Join, AServerGetsTheFirstMomentsOfAStreamByTheTimeOfDayThatIsKnownSince) {
  writer.log->begin_source(0, span_of(1));
  writer.units(20, 100);
  StreamSpan anchored = span_of(1);
  anchored.origin = 2000;
  anchored.anchored = true;
  anchored.media = {48'000, 0};
  anchored.wall_ms = 1'795'000'000'000;
  writer.log->new_span(2000, anchored);
  writer.units(20, 100);
  StreamAsk ask;
  for (const std::uint64_t at : {0U, 500U}) {
    if (at > 0) ask.at = StreamAddress{{1, 1}, at};
    const auto joined = plan_placed_join(*writer.view(), 65536, ask, 0);
    LONGS_EQUAL(at, joined.plan.position);
    CHECK(joined.place->at == StreamAddress({{1, 1}, at}));
    CHECK(joined.place->anchored);
    LONGS_EQUAL(2000, joined.span_begin);
  }
  // A time of day that is corrected later holds from there on only.
  anchored.origin = 4000;
  anchored.wall_ms += 10'000;
  writer.log->new_span(4000, anchored);
  writer.units(4, 100);
  ask.at = StreamAddress{{1, 1}, 3000};
  LONGS_EQUAL(2000, plan_placed_join(*writer.view(), 65536, ask, 0).span_begin);
}
TEST(Join, APlayerThatWantsOneByteAloneGetsNothingElse) {
  writer.log->begin_source(0, span_of(1));
  writer.units(20, 100);
  writer.log->begin_source(2000, span_of(2));
  writer.units(20, 100);
  const auto view = writer.view();
  const StreamAddress within{{1, 1}, 1234}, behind{{1, 1}, 2000}, gone{{3, 3}, 0};
  LONGS_EQUAL(1234, plan_resume(*view, within, 0, true)->position);
  LONGS_EQUAL(2000, plan_resume(*view, behind, 0)->position);
  CHECK(!plan_resume(*view, behind, 0, true));
  CHECK(!plan_resume(*view, gone, 0));
}
