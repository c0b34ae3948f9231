#include "stream/log/stream_log.h"

#include <sys/stat.h>

#include <cstring>
#include <optional>

#include "base/resource_limit.h"
#include "stream/support.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

TEST_GROUP(StreamLog) {
  Writer writer;
  StreamLog& log = *writer.log;

  static std::size_t bytes_held(int fd) {
    struct stat info {};
    CHECK(::fstat(fd, &info) == 0);
    return static_cast<std::size_t>(info.st_blocks) * 512;
  }
  // Fills the segment at such a rate; the size of the next.
  std::size_t segment_after(std::size_t bytes_a_second) {
    const std::size_t first = (*log.room(writer.now)).size();
    log.commit(first);
    writer.now += std::chrono::microseconds(first * 1'000'000 / bytes_a_second);
    return (*log.room(writer.now)).size();
  }
};

TEST(StreamLog, GivesRoomToTheEndOfTheSegmentAndMovesOn) {
  const auto room = *log.room(writer.now);
  LONGS_EQUAL(32768, room.size());
  log.commit(1000);
  const auto rest = *log.room(writer.now);
  LONGS_EQUAL(31768, rest.size());
  CHECK(rest.data() == room.data() + 1000);
  log.commit(31768);
  LONGS_EQUAL(32768, log.head());
  CHECK((*log.room(writer.now)).size() >= 16384);
}
TEST(StreamLog, AppendsAcrossSegments) {
  writer.bytes(100'000);
  LONGS_EQUAL(100'000, log.head());
  const auto view = writer.view(0);
  CHECK(view->segments->size() > 1);
  CHECK(read_view(*view, 0) == pattern_text(0, 100'000));
}
TEST(StreamLog, MeasuresTheRateOverWholeSeconds) {
  LONGS_EQUAL(0, log.bytes_per_second());
  writer.bytes(100'000);  // an encoder's lead
  LONGS_EQUAL(0, log.bytes_per_second());
  writer.now += 999ms;
  writer.bytes(10);
  LONGS_EQUAL(0, log.bytes_per_second());
  writer.now += 1ms;
  writer.bytes(0).bytes(1);
  LONGS_EQUAL(100'010, log.bytes_per_second());
  for (int i = 0; i < 20; ++i) {
    writer.now += 100ms;
    writer.bytes(1600);
  }
  LONGS_EQUAL(16'000, log.bytes_per_second());
  writer.now += 4s;
  writer.bytes(1);
  LONGS_EQUAL(400, log.bytes_per_second());  // 1600 bytes, then silence
}
TEST(StreamLog, TheUsualRateIsNotMisledByALeadOrByAHoldUp) {
  const auto second = [this](std::size_t bytes) {
    writer.bytes(bytes);
    writer.now += 1s;
    writer.bytes(0).bytes(1);
  };
  writer.bytes(1);
  second(100'000);  // an encoder's lead, or an upstream's burst
  LONGS_EQUAL(100'001, log.bytes_per_second());
  LONGS_EQUAL(0, log.usual_bytes_per_second());
  second(16'000);
  LONGS_EQUAL(16'001, log.usual_bytes_per_second());
  second(16'000);
  LONGS_EQUAL(16'001, log.usual_bytes_per_second());
  second(1'000);  // the network holds it up
  LONGS_EQUAL(16'001, log.usual_bytes_per_second());
  second(31'000);  // and brings it all
  LONGS_EQUAL(31'001, log.bytes_per_second());
  LONGS_EQUAL(16'001, log.usual_bytes_per_second());
  second(40'000);  // a stream of another kind
  second(40'000);
  LONGS_EQUAL(40'001, log.usual_bytes_per_second());
  log.begin_source(log.head());
  LONGS_EQUAL(0, log.usual_bytes_per_second());
  LONGS_EQUAL(40'001, log.bytes_per_second());
}
TEST(StreamLog, TheUsualRateIsNotThatOfHeadersAlone) {
  writer.bytes(100);
  writer.now += 1s;
  writer.bytes(0).bytes(1);
  writer.bytes(16'000);
  writer.now += 1s;
  writer.bytes(0).bytes(1);
  LONGS_EQUAL(16'001, log.usual_bytes_per_second());
}
TEST(StreamLog, SegmentsHoldAboutTwoSecondsInWholePages) {
  LONGS_EQUAL(32768, segment_after(16384));  // 128 kbit/s
  LONGS_EQUAL(16384, log.bytes_per_second());
  const std::size_t page = Store::page_bytes();
  LONGS_EQUAL((24'690 + page - 1) / page * page, segment_after(12'345));
}
TEST(StreamLog, SegmentsAreNoSmallerThanSixteenKibibytes) {
  LONGS_EQUAL(16384, segment_after(1000));
}
TEST(StreamLog, SegmentsThatFillAtOnceDoubleUpToTwoHundredFiftySixKibibytes) {
  for (const std::size_t size : {65536u, 131072u, 262144u, 262144u})
    LONGS_EQUAL(size, segment_after(10'000'000));
  segment_after(8000);
  LONGS_EQUAL(16384, segment_after(8000));  // and are small again when the lead is over
}
TEST(StreamLog, ASegmentBeforeTheRateIsKnownIsSmall) {
  LONGS_EQUAL(16384, segment_after(65'536));  // half a second
}
TEST(StreamLog, ShowsOnlyWhatIsPublished) {
  writer.bytes(1000);
  const auto view = log.publish(600, writer.window, Channel::kNoReader, false);
  writer.bytes(1000);
  LONGS_EQUAL(0, view->begin);
  LONGS_EQUAL(600, view->end);
  CHECK(!view->ended);
  CHECK(read_view(*view, 0) == pattern_text(0, 600));
  LONGS_EQUAL(2000, writer.view()->end);
}
TEST(StreamLog, ReportsThatItHasEnded) { CHECK(writer.view(Channel::kNoReader, true)->ended); }
TEST(StreamLog, ASourceBeginsAtTheHead) {
  LONGS_EQUAL(0, writer.view()->seam);
  writer.bytes(500);
  log.begin_source(500);
  writer.bytes(500);
  LONGS_EQUAL(500, writer.view()->seam);
}
TEST(StreamLog, ASourceWritesOverWhatItsPredecessorDidNotFinish) {
  writer.units(3, 100);
  log.publish(300, writer.window, Channel::kNoReader, false);
  writer.text("half a unit");
  log.begin_source(300);
  LONGS_EQUAL(300, log.head());
  writer.text("whole");
  const auto view = writer.view();
  LONGS_EQUAL(300, view->seam);
  CHECK(read_view(*view, 0) == pattern_text(0, 300) + "whole");
}
TEST(StreamLog, AnUnfinishedUnitMayReachIntoFurtherSegments) {
  writer.bytes(10'000);
  const auto before = log.publish(10'000, writer.window, Channel::kNoReader, false);
  writer.bytes(200'000);
  log.begin_source(10'000);
  writer.bytes(150'000);
  CHECK(read_view(*before, 0) == pattern_text(0, 10'000));
  CHECK(read_view(*writer.view(), 0) == pattern_text(0, 160'000));
}
TEST(StreamLog, ASourceMayBeginExactlyWhereASegmentEnds) {
  const auto room = log.room(writer.now);
  writer.bytes(room->size());
  const std::uint64_t end = log.head();
  writer.bytes(5000);
  log.begin_source(end);
  writer.bytes(7000);
  CHECK(read_view(*writer.view(), 0) == pattern_text(0, end + 7000));
}
TEST(StreamLog, PositionsOfTitlesNeverGoBack) {
  writer.bytes(100);
  log.publish(100, writer.window, Channel::kNoReader, false);
  writer.bytes(50).title("ahead");
  log.begin_source(100);
  writer.title("now").bytes(100);
  const auto view = writer.view();
  STRCMP_EQUAL("(none)", title_of(view->metadata_at(149)).c_str());
  STRCMP_EQUAL("now", title_of(view->metadata_at(150)).c_str());
}
TEST(StreamLog, MarksBeyondTheBeginningOfASourceAreForgotten) {
  writer.units(3, 100);
  const auto before = log.publish(150, writer.window, Channel::kNoReader, false);
  log.begin_source(150);
  writer.sync().bytes(100);
  const auto view = writer.view();
  LONGS_EQUAL(3, view->sync.end() - view->sync.begin());
  LONGS_EQUAL(100, view->sync[view->sync.begin() + 1].position);
  LONGS_EQUAL(150, view->sync[view->sync.begin() + 2].position);
  LONGS_EQUAL(200, before->sync[2].position);  // a view that was given out stays
}
TEST(StreamLog, WhereTheNextUnitWouldHaveBegunIsNoMarkOfTheNextSource) {
  writer.units(2, 100);
  log.sync(200, {2000, false});
  log.publish(200, writer.window, Channel::kNoReader, false);
  log.begin_source(200);
  log.sync(200, {0, true});
  writer.bytes(100);
  const auto view = writer.view();
  LONGS_EQUAL(3, view->sync.end() - view->sync.begin());
  CHECK(view->sync[view->sync.begin() + 2].time.second);
}

TEST(StreamLog, AnUnfinishedUnitTakesNoNumberOfASegment) {
  StreamSpan span;
  span.media = {0, 1000};
  span.segments.first = 100;
  span.segments.cut_ms = 6000;
  for (const bool with_span : {false, true}) {
    const std::uint64_t at = log.head();
    log.begin_source(at, span);
    log.sync(at, {0, true});
    writer.bytes(100);
    log.sync(at + 100, {5000, false});
    writer.bytes(100);
    if (with_span) {
      // Its mark begins a span, when the clock is known.
      log.keep_wall(writer.now, 0);
      log.keep_wall(writer.now + 4s, 0);
    }
    log.sync(at + 200, {6000, true});
    LONGS_EQUAL(102, log.next_numbers(0, 6000).first);
    writer.bytes(50);
    log.cut(at + 200);
    LONGS_EQUAL(101, log.next_numbers(0, 6000).first);
    // The span stays, because a player may have a list with its clock.
    CHECK(log.span().anchored == with_span);
  }
}
TEST(StreamLog, NumbersOfAnEmptyLogFollowTheRecordedOnes) {
  SegmentNumbers recorded;
  recorded.first = 17;
  recorded.generation = 3;
  const std::int64_t now_ms = 1'795'158'000'000;
  const SegmentNumbers next = log.next_numbers(now_ms, 4000, recorded);
  CHECK_EQUAL(17u, next.first);
  CHECK_EQUAL(3u, next.generation);
  CHECK_EQUAL(4000u, next.cut_ms);
  CHECK(log.next_numbers(now_ms, 4000).first > 17);
  StreamSpan span;
  span.media = {0, 1000};
  span.segments.first = 100;
  log.begin_source(log.head(), span);
  CHECK_EQUAL(101u, log.next_numbers(now_ms, 6000, recorded).first);
}
TEST(StreamLog, LongUnitsDoNotMoveTheClock) {
  StreamSpan span;
  span.media = {0, 1000};
  log.begin_source(log.head(), span);
  // Pages of 600 ms, of which two thirds come at a time: comparisons walk through them.
  std::int64_t ms = 200, page = 0;
  const auto piece = [&] {
    ms += 401;
    if (ms / 600 > page)
      log.sync(log.head(), {static_cast<std::uint64_t>(page = ms / 600) * 600, true});
    writer.bytes(100);
    log.keep_wall(writer.now += 401ms, 1'000'000 + ms);
  };
  while (!log.span().anchored) piece();
  const std::uint64_t begin = log.span().begin;
  for (int i = 0; i < 3000; ++i) piece();
  LONGS_EQUAL(begin, log.span().begin);
}
TEST(StreamLog, ADriftIsCorrected) {
  StreamSpan span;
  span.media = {0, 1000};
  log.begin_source(log.head(), span);
  std::uint64_t samples = 0;
  const auto note = [&](std::int64_t off_ms) {
    log.sync(log.head(), {samples += 250, true});
    writer.bytes(100);
    log.keep_wall(writer.now += 250ms, 1'000'000 + static_cast<std::int64_t>(samples) + off_ms);
  };
  for (int i = 0; i < 20; ++i) note(0);
  for (int i = 0; i < 40; ++i) note(600);
  LONGS_EQUAL(1'000'600 + static_cast<std::int64_t>(samples), log.span().wall_of(samples));
  for (int i = 0; i < 40; ++i) note(0);
  LONGS_EQUAL(1'000'000 + static_cast<std::int64_t>(samples), log.span().wall_of(samples));
}
TEST(StreamLog, KeepsTheBurstWithoutSlowListeners) {
  writer.window = {1000, 5000};
  writer.bytes(999);
  LONGS_EQUAL(0, writer.settled()->begin);
  writer.bytes(3001);
  LONGS_EQUAL(3000, writer.settled()->begin);
}
TEST(StreamLog, CountsTheBurstFromTheEndThatReadersHaveSeen) {
  writer.window = {1000, 50'000};
  writer.bytes(4000);
  LONGS_EQUAL(0, writer.view()->begin);
  writer.bytes(20'000);
  LONGS_EQUAL(3000, writer.view()->begin);  // a reader of the view of 4000 still finds its burst
  LONGS_EQUAL(23'000, writer.view()->begin);
}
TEST(StreamLog, ReachesBackToTheSlowestListener) {
  writer.window = {1000, 5000};
  writer.bytes(4000);
  LONGS_EQUAL(100, writer.settled(100)->begin);
  LONGS_EQUAL(2500, writer.settled(2500)->begin);
}
TEST(StreamLog, AFastListenerDoesNotShrinkTheBurst) {
  writer.window = {1000, 5000};
  writer.bytes(4000);
  LONGS_EQUAL(3000, writer.settled(3999)->begin);
}
TEST(StreamLog, NeverReachesBackFurtherThanTheQueue) {
  writer.window = {1000, 5000};
  writer.bytes(9000);
  LONGS_EQUAL(4000, writer.view(0)->begin);
}
TEST(StreamLog, AQueueShorterThanTheBurstWins) {
  writer.window = {5000, 1000};
  writer.bytes(9000);
  LONGS_EQUAL(8000, writer.view(0)->begin);
}
TEST(StreamLog, TheWindowNeverMovesBack) {
  writer.window = {1000, 5000};
  writer.bytes(4000);
  LONGS_EQUAL(3000, writer.settled()->begin);
  LONGS_EQUAL(3000, writer.view(0)->begin);
  writer.window = {4000, 5000};
  LONGS_EQUAL(3000, writer.settled()->begin);
}
TEST(StreamLog, KeepsTheNewestMarkAtOrBeforeTheBurstPoint) {
  writer.window = {1000, 5000};
  writer.sync().bytes(1500).sync().bytes(1500).sync().bytes(900);  // marks at 0, 1500, 3000
  const auto view = writer.settled();
  LONGS_EQUAL(1500, view->begin);
  LONGS_EQUAL(1500, view->sync[view->sync.begin()].position);
  LONGS_EQUAL(2, view->sync.end() - view->sync.begin());
  writer.bytes(100);  // 4000: the burst begins exactly at the mark
  LONGS_EQUAL(3000, writer.settled()->begin);
}
TEST(StreamLog, AMarkOlderThanTheQueueDoesNotHoldTheWindow) {
  writer.window = {1000, 2000};
  writer.sync().bytes(9000);
  const auto view = writer.view(0);
  LONGS_EQUAL(7000, view->begin);
  CHECK(view->sync.empty());
}
TEST(StreamLog, WithoutABurstTheNewestUnitStays) {
  writer.window = {0, 5000};
  writer.units(3, 1000);
  log.publish(2500, writer.window, 0, false);
  LONGS_EQUAL(2000, log.publish(2500, writer.window, Channel::kNoReader, false)->begin);
}

TEST(StreamLog, WhatWasInEffectAtTheBeginningOfTheWindowIsRemembered) {
  writer.window = {1000, 5000};
  writer.headers("h1").title("one").bytes(1000).title("two").bytes(1000);
  auto view = writer.view(0);
  CHECK(to_text(view->headers_at(0)) == "h1");
  CHECK(title_of(view->metadata_at(999)) == "one");
  view = writer.bytes(500).settled();  // 1500…2500
  LONGS_EQUAL(1500, view->begin);
  CHECK(view->events.empty());
  CHECK(to_text(view->base_headers) == "h1");
  CHECK(title_of(view->base_metadata) == "two");
  CHECK(to_text(view->headers_at(1500)) == "h1");
  CHECK(title_of(view->metadata_at(2500)) == "two");
}
TEST(StreamLog, FactsAfterTheBeginningOfTheWindowAreKept) {
  writer.window = {1000, 5000};
  writer.title("one").bytes(2000).headers("h2").title("two").bytes(1000).title("three").bytes(1);
  const auto view = writer.settled();
  LONGS_EQUAL(2001, view->begin);
  CHECK(title_of(view->base_metadata) == "two");
  CHECK(to_text(view->base_headers) == "h2");
  LONGS_EQUAL(1, view->events.end() - view->events.begin());
  CHECK(title_of(view->metadata_at(2999)) == "two");
  CHECK(title_of(view->metadata_at(3000)) == "three");
}
TEST(StreamLog, GivesNewTitlesAndCodecFactsOnce) {
  CHECK(log.take_new_metadata() == nullptr);
  CHECK(log.take_new_codec() == nullptr);
  writer.title("one").title("two");
  CodecFacts facts;
  facts.subtype = "Vorbis";
  log.codec(facts);
  CHECK(title_of(log.take_new_metadata()) == "two");
  STRCMP_EQUAL("Vorbis", log.take_new_codec()->subtype.c_str());
  CHECK(log.take_new_metadata() == nullptr);
  CHECK(log.take_new_codec() == nullptr);
}

TEST(StreamLog, AFloodOfTitlesDoesNotFillTheMemory) {
  writer.window = {1000, 5000};
  writer.bytes(2000);
  for (int i = 0; i < 10'000; ++i) writer.title(std::to_string(i)).view();
  auto view = writer.view();
  CHECK(view->events.end() - view->events.begin() <= 256);
  STRCMP_EQUAL("9999", title_of(log.take_new_metadata()).c_str());
  STRCMP_EQUAL("9999", title_of(view->metadata_at(view->end)).c_str());
  writer.bytes(2000).settled();  // the flood has left the window
  view = writer.bytes(1).view();
  STRCMP_EQUAL("9999", title_of(view->metadata_at(view->end)).c_str());
  view = writer.title("last").bytes(1).view();
  STRCMP_EQUAL("last", title_of(view->metadata_at(view->end)).c_str());
  STRCMP_EQUAL("9999", title_of(view->metadata_at(view->end - 2)).c_str());
}
TEST(StreamLog, AFloodOfHeadersDoesNotFillTheMemory) {
  writer.window = {1000, 5000};
  writer.bytes(2000);
  for (int i = 0; i < 10'000; ++i) writer.headers("h" + std::to_string(i)).view();
  auto view = writer.view();
  CHECK(view->events.end() - view->events.begin() <= 256);
  writer.bytes(2000).settled();  // the flood has left the window
  view = writer.bytes(1).view();
  CHECK(to_text(view->headers_at(view->end)) == "h9999");
  view = writer.headers("last").bytes(1).view();
  CHECK(to_text(view->headers_at(view->end)) == "last");
}
TEST(StreamLog, ATitleAfterAFloodIsNotReplacedByAnOlderOne) {
  writer.window = {1000, 5000};
  writer.bytes(2000);
  for (int i = 0; i < 300; ++i) writer.title(std::to_string(i));
  writer.bytes(2000).settled();
  const auto view = writer.title("new").bytes(2000).settled();
  STRCMP_EQUAL("new", title_of(view->metadata_at(view->end)).c_str());
}
TEST(StreamLog, FreesMemoryOnlyWhenNoViewHasIt) {
  writer.window = {1000, 40'000};
  writer.bytes(32768).bytes(2000);
  auto old = writer.view(0);
  const int fd = old->store->fd();
  const std::size_t before = bytes_held(fd);
  writer.bytes(1);
  auto now = writer.view();
  now = writer.view();
  LONGS_EQUAL(before, bytes_held(fd));  // the old view still reads it
  CHECK(read_view(*old, 0) == pattern_text(0, 34768));
  old.reset();
  LONGS_EQUAL(before, bytes_held(fd));  // only the holder of the log punches
  now = writer.view();
  LONGS_EQUAL(before - 32768, bytes_held(fd));
  CHECK(read_view(*now, now->begin) == pattern_text(now->begin, 34769));
}
TEST(StreamLog, ALateReaderDoesNotKeepLaterSegments) {
  writer.window = {1000, 4'000'000};
  writer.bytes(32768);
  auto late = writer.view();
  for (int i = 0; i < 10; ++i) writer.bytes(262'144).view();
  const int fd = late->store->fd();
  CHECK(bytes_held(fd) > 2'000'000);  // freed in order, from the front
  late.reset();
  writer.view();
  CHECK(bytes_held(fd) <= 2 * 262'144);
}
TEST(StreamLog, MemoryStaysWithinTheWindowForEver) {
  writer.window = {65'536, 512'000};
  const auto first = writer.view();
  const int fd = first->store->fd();
  for (int i = 0; i < 2000; ++i) {
    writer.now += 100ms;
    writer.bytes(1600).view();
    CHECK(bytes_held(fd) <= 65'536 + 3 * Store::page_bytes());
  }
}
TEST(StreamLog, ACopyOfAViewKeepsItsBytes) {
  writer.window = {1000, 400'000};
  writer.bytes(20'000);
  const auto copy = std::make_shared<StreamView>(*writer.view(0));
  for (int i = 0; i < 10; ++i) writer.bytes(10'000).view();
  CHECK(read_view(*copy, 0) == pattern_text(0, 20'000));
}
TEST(StreamLog, AReleasedLogIsNotEmptied) {
  writer.window = {1000, 5000};
  writer.bytes(40'000);
  auto view = writer.view();
  const UniqueFd fd(::dup(view->store->fd()));
  const std::size_t held = bytes_held(fd.get());
  writer.log.reset();
  CHECK(read_view(*view, view->begin) == pattern_text(view->begin, 40'000));
  view.reset();
  LONGS_EQUAL(held, bytes_held(fd.get()));
}
TEST(StreamLog, ATrimmedHeadSegmentIsStillWrittenTo) {
  writer.window = {0, 0};
  writer.bytes(32768);
  LONGS_EQUAL(32768, writer.view()->begin);
  const auto view = writer.bytes(10).view(32768);
  CHECK(read_view(*view, view->begin) == pattern_text(view->begin, 32778));
}
TEST(StreamLog, ReportsWhenThereIsNoMemoryAndGoesOnWhenThereIs) {
  writer.bytes(32768);
  std::optional<ResourceLimit> small(std::in_place, RLIMIT_FSIZE, 32768);
  const auto room = log.room(writer.now);
  const std::byte byte{1};
  const auto put = log.append({&byte, 1}, writer.now);
  small.reset();
  CHECK(!room.has_value());
  CHECK(!put.has_value());
  LONGS_EQUAL(32768, log.head());
  writer.bytes(100);
  CHECK(read_view(*writer.view(), 0) == pattern_text(0, 32868));
}
TEST(StreamLog, ReportsWhenThereIsNoDescriptorLeft) {
  const ResourceLimit none(RLIMIT_NOFILE, 0);
  CHECK(!StreamLog::create("x").has_value());
}

TEST(StreamLog, AWindowOfMediaTimeIsKeptOverSources) {
  writer.window = {100, 100, std::chrono::seconds(10)};
  const auto seconds = [this](unsigned from, unsigned to) {
    for (unsigned i = from; i < to; ++i) {
      log.sync(log.head(), {i * 44'100ull, true});
      writer.bytes(1000);
    }
  };
  log.begin_source(0, {});
  log.clock(0, 44'100);
  seconds(0, 30);
  LONGS_EQUAL(19'000, writer.settled()->begin);
  log.begin_source(log.head(), {});
  log.clock(log.head(), 44'100);
  seconds(0, 5);
  // A new source begins in the second in which the one before has ended.
  LONGS_EQUAL(23'000, writer.settled()->begin);
  writer.window.media = {};
  CHECK(writer.settled()->begin > 34'000);
}
TEST(StreamLog, AWindowOfMediaTimeHoldsNoMoreThanAStreamHas) {
  writer.window = {100, 100, std::chrono::seconds(1)};
  log.begin_source(0, {});
  log.clock(0, 44'100);
  log.sync(0, {0, true});
  writer.bytes(300'000);
  LONGS_EQUAL(300'000 - 65'536, writer.settled()->begin);
}
TEST(StreamLog, KeepsWhatHasArrivedInTheLastSeconds) {
  writer.window = {0, 512'000};
  writer.window.arrived = 2500ms;
  for (int tenth = 0; tenth < 60; ++tenth) {
    writer.bytes(10'000);
    writer.now += 100ms;
    writer.view(Channel::kNoReader);
  }
  // 100 kB a second.
  const auto held = log.head() - writer.view(Channel::kNoReader)->begin;
  CHECK(held >= 250'000 && held < 300'000);
}
TEST(StreamLog, WhatHasArrivedIsBoundedByTheQueue) {
  writer.window = {0, 100'000};
  writer.window.arrived = 2500ms;
  for (int tenth = 0; tenth < 40; ++tenth) {
    writer.bytes(10'000);
    writer.now += 100ms;
    writer.view(Channel::kNoReader);
  }
  LONGS_EQUAL(log.head() - 100'000, writer.view(Channel::kNoReader)->begin);
}
TEST(StreamLog, KeepsTheSeamWhileTheLeadOfASourceComes) {
  writer.window = {1000, 512'000};
  writer.window.arrived = 2500ms;
  for (int second = 0; second < 8; ++second) {
    writer.bytes(10'000);
    writer.now += 1s;
    writer.view(Channel::kNoReader);
  }
  const std::uint64_t seam = log.head();
  log.begin_source(seam);
  writer.bytes(200'000);
  for (int tenth = 0; tenth < 20; ++tenth) {
    writer.bytes(1000);
    writer.now += 100ms;
    CHECK(writer.view(Channel::kNoReader)->begin < seam);
  }
  for (int second = 0; second < 8; ++second) {
    writer.bytes(10'000);
    writer.now += 1s;
    writer.view(Channel::kNoReader);
  }
  CHECK(writer.view(Channel::kNoReader)->begin > seam + 200'000);
}
TEST(StreamLog, FramesBehindTheLastMarkHaveSoundedBeforeASeam) {
  std::string frame("\xff\xfb\x90\0", 4);  // 128 kbit/s, 44100 Hz
  frame.resize(417);
  StreamSpan span;
  span.id = {1, 1};
  span.media = {0, 44100};
  span.wall_ms = 1'795'000'000'000;
  span.anchored = true;
  log.begin_source(0, span);
  for (int i = 0; i < 8; ++i) CHECK(static_cast<bool>(log.append(as_byte_span(frame), writer.now)));
  CHECK(static_cast<bool>(log.append(as_byte_span(frame).first(100), writer.now)));  // is cut off
  for (std::uint64_t i = 0; i < 8; i += 3) log.sync(417 * i, {1152 * i, i == 0});
  span.id = {2, 2};
  span.wall_ms += 60'000;
  log.begin_source(417 * 8, span);
  const auto view = writer.view(0);
  CHECK(view->wall_seams != nullptr);
  LONGS_EQUAL(1, view->wall_seams->size());
  LONGS_EQUAL(1'795'000'000'208, view->wall_seams->front().after_wall_ms);
  LONGS_EQUAL(1'795'000'060'000, view->wall_seams->front().wall_ms);
}
