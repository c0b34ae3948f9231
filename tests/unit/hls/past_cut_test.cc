#include "hls/past_cut.h"

#include <filesystem>

#include "archive/archive_writer.h"
#include "archive/fixture.h"
#include "hls/past_lists.h"
#include "media/builders.h"
#include "stream/support.h"

using namespace lb;
using namespace lb::test;

namespace {

constexpr std::int64_t kBegin = 1'795'158'000'000;  // where a file begins
constexpr std::uint32_t kCutMs = 2000;
constexpr unsigned kHertz = 44'100, kSamples = 1152;

// Files of MP3 with a mark at the first frame of each second, as Recording makes them.
struct PastShelf {
  TemporaryDirectory place;
  Catalog catalog;
  KeptFiles kept;
  std::string frame = mp3_frame();
  FileHead head;
  std::uint64_t frames = 0;  // of the epoch
  std::uint64_t origin = 0;
  std::int64_t epoch_ms = kBegin;

  PastShelf() { source(0x1122334455667788, 100, 7); }
  void source(std::uint64_t id, std::uint64_t number, std::uint64_t generation) {
    head = {};
    head.content_type = "audio/mpeg";
    head.span.id = {id, 1};
    head.span.media.rate_hz = kHertz;
    head.span.segments = {number, generation, epoch_ms, kCutMs};
    head.span.anchored = true;
    frames = origin = 0;
  }
  std::uint64_t samples() const { return frames * kSamples; }
  std::int64_t now_ms() const {
    return epoch_ms + static_cast<std::int64_t>(samples() * 1000 / kHertz);
  }
  // A file of at least so long, that ends at a frame.
  void file(double seconds) {
    head.span.origin = origin;
    head.span.media.samples = samples();
    head.span.wall_ms = now_ms();
    auto made = SegmentFile::create(place.path() + "/" + archive_directory("/m"), head);
    CHECK(made.has_value());
    const std::uint64_t until = frames + static_cast<std::uint64_t>(seconds * kHertz / kSamples);
    std::uint64_t second = samples() / kHertz;
    while (frames < until) {
      CHECK(made->append(std::as_bytes(std::span(frame))).has_value());
      ++frames;
      if (samples() / kHertz > second || frames == until) {
        second = samples() / kHertz;
        CHECK(made->mark(samples(), now_ms()).has_value());
      }
    }
    FileRow row;
    row.from_ms = head.span.wall_ms;
    row.to_ms = now_ms();
    row.bytes = made->size();
    row.origin = origin;
    row.id = short_id(head.span.id);
    made->close();
    catalog.close("/m", row);
    origin += row.bytes;
  }
  PastFiles files() { return {kept, place.path(), "/m", catalog.files("/m")}; }
  PastList list(PastAskRange range) { return make_past_list(files(), range); }
  PastList whole() { return list({kBegin, now_ms() + 60'000, HlsListKind::kWhole}); }
  void all_are_found(const PastList& list) {
    for (const HlsSegment& one : list.segments) {
      const auto found = find_past_segment(files(), one.stream, one.sequence);
      CHECK(found.has_value());
      CHECK(found->segment == one);
      std::uint64_t bytes = 0;
      for (const PastPart& part : found->parts) bytes += part.end - part.begin;
      LONGS_EQUAL(one.end - one.begin, bytes);
    }
  }
};

}  // namespace

TEST_GROUP(PastCut){};

TEST(PastCut, ASegmentMayLieInTwoFiles) {
  PastShelf shelf;
  shelf.file(5);
  shelf.file(6);
  const PastList list = shelf.whole();
  LONGS_EQUAL(5, list.segments.size());
  for (std::size_t i = 0; i < 5; ++i) {
    LONGS_EQUAL(100 + i, list.segments[i].sequence);
    LONGS_EQUAL(7, list.segments[i].generation);
    LONGS_EQUAL(0x11223344, list.segments[i].stream);
    if (i > 0) LONGS_EQUAL(list.segments[i - 1].end, list.segments[i].begin);
    CHECK(list.segments[i].samples >= i * 2 * kHertz);
    CHECK(list.segments[i].samples < i * 2 * kHertz + kSamples);
  }
  STRCMP_EQUAL("mp4a.40.34", list.codecs.c_str());
  CHECK(list.bandwidth > 100'000 && list.bandwidth < 160'000);
  LONGS_EQUAL(2, find_past_segment(shelf.files(), 0x11223344, 102)->parts.size());
  shelf.all_are_found(list);
  CHECK(!find_past_segment(shelf.files(), 0x11223344, 105));
  CHECK(!find_past_segment(shelf.files(), 0x11223344, 99));
  CHECK(!find_past_segment(shelf.files(), 0x11223345, 100));
}

TEST(PastCut, TheLastSegmentOfASourceIsWholeWhenTheNextNumbersFollow) {
  PastShelf shelf;
  shelf.file(5);
  shelf.epoch_ms = shelf.now_ms();
  shelf.source(0x9988776655443322, 103, 8);
  shelf.file(5);
  const PastList list = shelf.whole();
  LONGS_EQUAL(5, list.segments.size());
  LONGS_EQUAL(102, list.segments[2].sequence);
  CHECK(list.segments[2].duration < kHertz + kHertz / 2);
  LONGS_EQUAL(103, list.segments[3].sequence);
  LONGS_EQUAL(8, list.segments[3].generation);
  shelf.all_are_found(list);
}

TEST(PastCut, WhatAPauseHasLeftOfASegmentIsNone) {
  PastShelf shelf;
  shelf.file(5);
  const std::uint64_t missing = 3 * kHertz / kSamples;
  shelf.frames += missing;
  shelf.origin += missing * shelf.frame.size();
  shelf.file(4.2);
  const PastList list = shelf.whole();
  LONGS_EQUAL(4, list.segments.size());
  LONGS_EQUAL(101, list.segments[1].sequence);
  LONGS_EQUAL(104, list.segments[2].sequence);
  shelf.all_are_found(list);
  // A list that slides has no gap in its numbers: few segments behind one do not count yet.
  PastAskRange sliding{kBegin, shelf.now_ms(), HlsListKind::kSliding};
  LONGS_EQUAL(101, shelf.list(sliding).segments.back().sequence);
  shelf.file(4);
  sliding.to_ms = shelf.now_ms();
  LONGS_EQUAL(104, shelf.list(sliding).segments.front().sequence);
  LONGS_EQUAL(107, shelf.list(sliding).segments.back().sequence);
}

TEST(PastCut, AListHasAtMostSoMany) {
  PastShelf shelf;
  for (int i = 0; i < 4; ++i) shelf.file(10);
  PastAskRange range{kBegin, shelf.now_ms(), HlsListKind::kWhole, 5};
  LONGS_EQUAL(100, shelf.list(range).segments.front().sequence);
  LONGS_EQUAL(5, shelf.list(range).segments.size());
  range.kind = HlsListKind::kSliding;
  LONGS_EQUAL(118, shelf.list(range).segments.back().sequence);
  LONGS_EQUAL(5, shelf.list(range).segments.size());
}

TEST(PastCut, AFileThatIsGoneIsAHole) {
  PastShelf shelf;
  for (int i = 0; i < 3; ++i) shelf.file(10);
  const FileRow row = (*shelf.files().files)[1];
  std::filesystem::remove(shelf.place.path() + "/" + archive_directory("/m") + "/" +
                          archive_path(row.name()) + ".data");
  const PastList list = shelf.whole();
  LONGS_EQUAL(100, list.segments.front().sequence);
  LONGS_EQUAL(4, list.segments[4].sequence - 106);
}
