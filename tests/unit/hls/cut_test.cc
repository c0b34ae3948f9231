#include "hls/cut.h"

#include "media/builders.h"
#include "stream/support.h"

using namespace lb;
using namespace lb::test;

namespace {

constexpr std::int64_t kNoon = 1'795'158'000'000;
constexpr std::uint64_t kFrameSamples = 1152;

// A mount whose sources send frames as fast as they are played.
struct CutStudio {
  Writer writer;
  std::unique_ptr<Framer> framer;
  std::string type = "audio/mpeg";
  std::int64_t wall_ms = kNoon;
  double samples = 0;
  std::int64_t set_ms = 0;  // by so much the clock was set

  CutStudio() { writer.window = {64 << 20, 64 << 20}; }
  StreamLog& log() { return *writer.log; }
  std::uint64_t published = 0;

  StreamSpan source(std::uint64_t id) {
    log().cut(published);
    StreamSpan span;
    span.id = {id << 32, 1};
    span.wall_ms = wall_ms;
    span.segments = log().next_numbers(wall_ms, 6000);
    span.segments.epoch_ms = wall_ms;
    join(span, {});
    return span;
  }
  // As a relay does, with what its upstream says.
  void join(const StreamSpan& span, MediaTime first) {
    log().begin_source(published, span);
    framer = framer_for(type).make(log().head(), first);
  }
  void send(std::string_view bytes, unsigned frames, unsigned of_samples = kFrameSamples,
            unsigned rate = 44'100) {
    for (unsigned i = 0; i < frames; ++i) {
      writer.text(bytes);
      framer->consume(std::as_bytes(std::span(bytes.data(), bytes.size())), log());
      samples += of_samples * 1000.0 / rate;
      wall_ms = kNoon + static_cast<std::int64_t>(samples);
      log().keep_wall(writer.now + std::chrono::milliseconds(wall_ms - kNoon), wall_ms + set_ms);
    }
  }
  void frames(unsigned n) { send(mp3_frame(), n); }
  std::shared_ptr<const StreamView> view() {
    published = framer->complete();
    return log().publish(published, writer.window, Channel::kNoReader, false);
  }
};

std::string bytes_of(const StreamView& view, const HlsSegment& segment) {
  return read_view(view, segment.begin).substr(0, segment.end - segment.begin);
}

}  // namespace

TEST_GROUP(HlsCut) { CutStudio studio; };

TEST(HlsCut, SegmentsAreTheFramesOfACell) {
  const StreamSpan span = studio.source(0x4f2a01c1);
  studio.frames(766);  // 20 s
  const auto view = studio.view();
  const auto found = HlsCut(*view).newest(10);
  LONGS_EQUAL(3, found.size());
  for (std::size_t i = 0; i < 3; ++i) {
    LONGS_EQUAL(span.segments.first + i, found[i].sequence);
    LONGS_EQUAL(230 * kFrameSamples, found[i].duration);
    LONGS_EQUAL(i * 230 * 417, found[i].begin);
    LONGS_EQUAL((i + 1) * 230 * 417, found[i].end);
    CHECK_EQUAL(0x4f2a01c1u, found[i].stream);
    CHECK(!found[i].adts);
  }
  LONGS_EQUAL(span.segments.generation, found[0].generation);
  LONGS_EQUAL(2, HlsCut(*view).newest(2).size());
  LONGS_EQUAL(found[1].sequence, HlsCut(*view).newest(2).front().sequence);
  CHECK(HlsCut(*view).find(0x4f2a01c1, found[2].sequence) == found[2]);
  CHECK(!HlsCut(*view).find(0x4f2a01c1, found[2].sequence + 1));
  CHECK(!HlsCut(*view).find(0x4f2a01c2, found[2].sequence));
  CHECK(!HlsCut(*view).find(0x4f2a01c1, found[0].sequence - 1));
}
TEST(HlsCut, ASegmentIsListedWhenTheNextOneBegins) {
  studio.source(1);
  studio.frames(690);  // up to 18.02 s
  LONGS_EQUAL(2, HlsCut(*studio.view()).newest(10).size());
  studio.frames(2);  // a frame is known by the next one
  LONGS_EQUAL(3, HlsCut(*studio.view()).newest(10).size());
}
TEST(HlsCut, ASourceWhoseClockIsNotKnownIsNotListed) {
  studio.source(1);
  // 10 s at once, as encoders do: they are 3 s old before their clock is believed.
  for (int i = 0; i < 383; ++i) {
    const std::string frame = mp3_frame();
    studio.writer.text(frame);
    studio.framer->consume(std::as_bytes(std::span(frame)), studio.log());
  }
  CHECK(HlsCut(*studio.view()).newest(10).empty());
  studio.samples = 0;
  studio.frames(200);
  const auto found = HlsCut(*studio.view()).newest(10);
  LONGS_EQUAL(2, found.size());
  // By the clock that was read when the lead was there: 10 s of it came before.
  CHECK(found[0].wall_ms < kNoon - 9000 && found[0].wall_ms > kNoon - 11'000);
  LONGS_EQUAL(found[0].wall_ms, found[0].epoch_ms);
}
// A relay that lost its upstream before goes on with what that said at first.
TEST(HlsCut, TimestampsCountAsBeforeWhereTheClockIsSetBeforeItIsKnown) {
  constexpr std::int64_t kDayMs = 86'400'000;
  const StreamSpan span = studio.source(1);
  studio.frames(50);
  studio.set_ms = -kDayMs;
  studio.frames(700);
  const auto found = HlsCut(*studio.view()).newest(10);
  CHECK(found.size() >= 2);
  LONGS_EQUAL(span.segments.epoch_ms, found[0].epoch_ms);
  CHECK(std::abs(found[0].wall_ms - (kNoon - kDayMs)) < 1000);
}
TEST(HlsCut, TheDateOfASegmentNeverChangesAndTheTimestampGoesOn) {
  studio.source(1);
  studio.frames(500);
  const auto before = HlsCut(*studio.view()).newest(10);
  LONGS_EQUAL(2, before.size());
  // The encoder's clock is slow: a second is lost, and a newer anchor says so.
  studio.samples += 1000;
  studio.frames(700);
  const auto after = HlsCut(*studio.view()).newest(10);
  LONGS_EQUAL(5, after.size());
  LONGS_EQUAL(before[0].wall_ms, after[0].wall_ms);
  LONGS_EQUAL(before[1].wall_ms, after[1].wall_ms);
  const std::int64_t step = after[4].wall_ms - after[1].wall_ms;
  CHECK(step > 18'900 && step < 19'100);
  for (std::size_t i = 1; i < after.size(); ++i) {
    const auto ticks = static_cast<std::int64_t>(hls_timestamp(after[i])) -
                       static_cast<std::int64_t>(hls_timestamp(after[i - 1]));
    const auto exact = static_cast<std::int64_t>(after[i - 1].duration * 90'000 / 44'100);
    CHECK(ticks - exact <= 1 && exact - ticks <= 1);
  }
}
TEST(HlsCut, AnotherSourceGoesOnNumberingBehindAShorterSegment) {
  studio.source(1);
  studio.frames(500);  // 13.06 s
  const auto ended = studio.view();
  studio.source(2);
  studio.frames(500);
  const auto view = studio.view();
  const auto found = HlsCut(*view).newest(10);
  LONGS_EQUAL(5, found.size());
  for (std::size_t i = 1; i < found.size(); ++i)
    LONGS_EQUAL(found[0].sequence + i, found[i].sequence);
  // What was published of the last one, to its end: the frame behind the last was not confirmed.
  LONGS_EQUAL(ended->end, found[2].end);
  LONGS_EQUAL((ended->end / 417 - 460) * kFrameSamples, found[2].duration);
  LONGS_EQUAL(found[2].end, found[3].begin);
  LONGS_EQUAL(found[2].generation + 1, found[3].generation);
  CHECK_EQUAL(2u, found[3].stream);
  LONGS_EQUAL(0, found[3].samples);
  std::string all;
  for (const HlsSegment& segment : found) all += bytes_of(*view, segment);
  CHECK(all == read_view(*view, found[0].begin).substr(0, all.size()));
}
TEST(HlsCut, ASourceThatWasTooShortForAClockIsListedWhenItIsOver) {
  studio.source(1);
  studio.frames(500);
  studio.view();
  studio.source(2);
  studio.frames(60);                                         // 1.6 s
  LONGS_EQUAL(3, HlsCut(*studio.view()).newest(10).size());  // up to the seam
  studio.source(3);
  studio.frames(500);
  const auto found = HlsCut(*studio.view()).newest(10);
  LONGS_EQUAL(6, found.size());
  CHECK_EQUAL(2u, found[3].stream);
  LONGS_EQUAL(found[0].generation + 2, found[5].generation);
}
TEST(HlsCut, ASourceThatEndsWithinTheFirstFrameOfASegmentLeavesItsNumber) {
  studio.source(1);
  studio.frames(460);  // the next frame is the first of the third segment
  studio.send(mp3_frame().substr(0, 100), 1);
  LONGS_EQUAL(460 * 417, studio.view()->end);
  studio.source(2);
  studio.frames(500);
  const auto found = HlsCut(*studio.view()).newest(10);
  LONGS_EQUAL(4, found.size());
  LONGS_EQUAL(460 * 417, found[2].begin);
  for (std::size_t i = 1; i < found.size(); ++i)
    LONGS_EQUAL(found[0].sequence + i, found[i].sequence);
}
TEST(HlsCut, ASourceThatSentNothingTakesNoNumber) {
  studio.source(1);
  studio.frames(500);
  studio.view();
  studio.source(2);
  studio.view();
  studio.source(3);
  studio.frames(500);
  LONGS_EQUAL(5, HlsCut(*studio.view()).newest(10).size());
}
TEST(HlsCut, AnotherSampleRateIsADiscontinuity) {
  studio.type = "audio/aac";
  studio.source(1);
  studio.send(adts_frame(300), 400, 1024);  // 9.3 s
  studio.send(adts_frame(300, 'b', 3), 500, 1024, 48'000);
  const auto found = HlsCut(*studio.view()).newest(10);
  LONGS_EQUAL(3, found.size());
  CHECK(found[0].adts && found[2].adts);
  LONGS_EQUAL(44'100, found[1].rate_hz);
  LONGS_EQUAL(48'000, found[2].rate_hz);
  LONGS_EQUAL(found[1].generation + 1, found[2].generation);
  LONGS_EQUAL(found[1].sequence + 1, found[2].sequence);
  LONGS_EQUAL(400 * 1024, found[0].duration + found[1].duration);
}
TEST(HlsCut, AHeaderInTwoMappedSegmentsNamesItsFormat) {
  constexpr unsigned kFramesOfACell = 259, kFirst = 200;
  studio.type = "audio/aac";
  studio.source(1);
  studio.send(adts_frame(300), kFirst, 1024);
  const std::uint64_t boundary = studio.view()->segments->back()->end();
  const std::size_t left = boundary - 3 - studio.log().head();
  const unsigned frames = kFramesOfACell - kFirst;
  studio.send(adts_frame(left / frames), frames - 1, 1024);
  studio.send(adts_frame(left - (frames - 1) * (left / frames)), 1, 1024);
  studio.send(adts_frame(300), 600, 1024);
  const auto found = HlsCut(*studio.view()).newest(10);
  LONGS_EQUAL(3, found.size());
  LONGS_EQUAL(boundary - 3, found[1].begin);
  for (const HlsSegment& segment : found) CHECK(segment.adts);
}
TEST(HlsCut, ARelayThatBeginsWithinASegmentListsFromTheNextOneAsItsUpstream) {
  studio.source(1);
  studio.frames(1400);
  const auto origin = studio.view();
  const StreamSpan said = origin->spans[origin->spans.end() - 1];
  const SyncMark* second = nullptr;
  for (std::uint64_t i = origin->sync.begin(); i < origin->sync.end(); ++i)
    if (origin->sync[i].time.second && origin->sync[i].time.samples > 9 * 44'100) {
      second = &origin->sync[i];
      break;
    }
  StreamSpan span = said;
  span.media = {second->time.samples, 44'100};
  span.wall_ms = said.wall_of(second->time.samples);
  span.origin = second->position;
  CutStudio relay;
  relay.join(span, span.media);
  const std::string rest = read_view(*origin, second->position);
  relay.writer.text(rest);
  relay.framer->consume(std::as_bytes(std::span(rest)), relay.log());
  const auto there = relay.view();
  const auto ours = HlsCut(*origin).newest(3), theirs = HlsCut(*there).newest(10);
  CHECK(theirs.size() >= 3);
  LONGS_EQUAL(said.segments.first + 2, theirs.front().sequence);
  for (std::size_t i = 0; i < 3; ++i) {
    const HlsSegment& mine = theirs[theirs.size() - 3 + i];
    LONGS_EQUAL(ours[i].sequence, mine.sequence);
    LONGS_EQUAL(ours[i].duration, mine.duration);
    LONGS_EQUAL(ours[i].wall_ms, mine.wall_ms);
    CHECK(hls_timestamp(ours[i]) == hls_timestamp(mine));
    CHECK(bytes_of(*origin, ours[i]) == bytes_of(*there, mine));
  }
}
TEST(HlsCut, BehindAHoleTheListBeginsAnew) {
  const StreamSpan span = studio.source(1);
  studio.frames(800);
  const auto before = studio.view();
  StreamSpan later = before->spans[before->spans.end() - 1];
  later.media = {40 * 44'100, 44'100};
  studio.join(later, later.media);
  studio.frames(600);
  const auto found = HlsCut(*studio.view()).newest(10);
  CHECK(!found.empty());
  LONGS_EQUAL(span.segments.first + 7, found.front().sequence);  // 42 s
  CHECK(HlsCut(*studio.view()).find(1, span.segments.first + 2).has_value());
  CHECK(!HlsCut(*studio.view()).find(1, span.segments.first + 3));  // its end is in the hole
}
TEST(HlsCut, WhatHasLeftTheLogIsNotFound) {
  const StreamSpan span = studio.source(1);
  studio.frames(1200);
  studio.view();
  studio.writer.window = {200'000, 200'000};
  const auto view = studio.view();
  const auto found = HlsCut(*view).newest(10);
  CHECK(!found.empty());
  CHECK(found.front().begin > view->begin);
  CHECK(!HlsCut(*view).find(1, span.segments.first));
}
TEST(HlsCut, StreamsWithoutMediaTimeHaveNone) {
  StreamView empty;
  empty.segments = std::make_shared<const SegmentTable>();
  CHECK(HlsCut(empty).newest(10).empty());
  studio.type = "video/webm";
  studio.source(1);
  studio.writer.text(webm_head());
  CHECK(HlsCut(*studio.view()).newest(10).empty());
}
// The server that the source enters at has begun again: its numbers jump.
TEST(HlsCut, TheLastSegmentsOfASourceStayUntilThoseBehindAJumpOfNumbersAreEnough) {
  studio.source(1);
  studio.frames(766);  // 20 s: three whole segments, and a part
  const StreamSpan before = studio.log().span();
  StreamSpan after = before;
  after.id = {std::uint64_t{2} << 32, 1};
  after.origin = 0;
  after.segments.first += 1000;
  after.segments.generation += 7;
  studio.view();
  studio.join(after, {});
  studio.frames(300);  // one segment, and a part
  const auto held_back = HlsCut(*studio.view()).newest(10);
  LONGS_EQUAL(4, held_back.size());
  CHECK_EQUAL(1u, held_back.back().stream);
  LONGS_EQUAL(766 * 417, held_back.back().end);
  studio.frames(200);  // 13 s
  const auto found = HlsCut(*studio.view()).newest(10);
  LONGS_EQUAL(2, found.size());
  CHECK_EQUAL(2u, found.back().stream);
  LONGS_EQUAL(766 * 417, found.front().begin);
}
