#include "hls/past_cut.h"

#include "hls/past_shelf.h"

// Last, because it redefines `new`.
#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;

namespace {

constexpr std::int64_t kBegin = PastShelf::kBegin;
constexpr unsigned kHertz = PastShelf::kHertz, kSamples = PastShelf::kSamples;

// The shelves of one node, or of several: what they have together is cut.
struct PastReader {
  explicit PastReader(PastShelf& own) : shelf(own) {}

  PastCut cut(const PastAskRange& range) {
    PastCut out;
    const auto files = shelf.catalog.files("/m");
    const auto [first, end] = files_of_range(*files, range.from_ms, range.to_ms);
    for (std::size_t i = first; i < end; ++i)
      if (auto file = shelf.open((*files)[i])) out.add(std::move(file));
    return out;
  }
  PastList list(PastAskRange range) {
    range = bounded(range);
    const PastCut made = cut(range);
    PastList out = make_past_list(made, range);
    if (!out.segments.empty()) describe_past_list(out, made.parts(out.segments.front()).front());
    return out;
  }
  PastAskRange all() const { return {kBegin, shelf.now_ms() + 60'000, HlsListKind::kWhole}; }
  PastList whole() { return list(all()); }
  std::optional<PastSegment> find(std::uint32_t stream, std::uint64_t sequence) {
    return find_past_segment(cut(all()), stream, sequence);
  }
  void all_are_found(const PastList& list) {
    for (const HlsSegment& one : list.segments) {
      const auto found = find(one.stream, one.sequence);
      CHECK(found.has_value());
      CHECK(found->segment == one);
      std::uint64_t bytes = 0;
      for (const PastPart& part : found->parts) bytes += part.end - part.begin;
      LONGS_EQUAL(one.end - one.begin, bytes);
    }
  }

  PastShelf& shelf;
};

}  // namespace

TEST_GROUP(PastCut){};

TEST(PastCut, ASegmentMayLieInTwoFiles) {
  PastShelf shelf;
  PastReader reader(shelf);
  shelf.file(5);
  shelf.file(6);
  const PastList list = reader.whole();
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
  LONGS_EQUAL(2, reader.find(0x11223344, 102)->parts.size());
  reader.all_are_found(list);
  CHECK(!reader.find(0x11223344, 105));
  CHECK(!reader.find(0x11223344, 99));
  CHECK(!reader.find(0x11223345, 100));
}

TEST(PastCut, TheLastSegmentOfASourceIsWholeWhenTheNextNumbersFollow) {
  PastShelf shelf;
  PastReader reader(shelf);
  shelf.file(5);
  shelf.epoch_ms = shelf.now_ms();
  shelf.source(0x9988776655443322, 103, 8);
  shelf.file(5);
  const PastList list = reader.whole();
  LONGS_EQUAL(5, list.segments.size());
  LONGS_EQUAL(102, list.segments[2].sequence);
  CHECK(list.segments[2].duration < kHertz + kHertz / 2);
  LONGS_EQUAL(103, list.segments[3].sequence);
  LONGS_EQUAL(8, list.segments[3].generation);
  reader.all_are_found(list);
}

// The first source has sent 12 s ahead when the second begins: their times overlap.
TEST(PastCut, AListThatSlidesOverASeamGoesForwardOnly) {
  PastShelf shelf;
  PastReader reader(shelf);
  shelf.file(40);
  const std::int64_t seam_ms = shelf.now_ms() - 12'000;
  shelf.epoch_ms = seam_ms;
  shelf.source(0x9988776655443322, 120, 8);
  shelf.file(16);
  std::uint64_t first = 0, last = 0;
  for (std::int64_t to_ms = seam_ms - 4000; to_ms <= shelf.now_ms(); to_ms += 500) {
    PastAskRange range{to_ms - 26'000, to_ms, HlsListKind::kSliding, 12};
    const auto segments = reader.list(range).segments;
    CHECK(!segments.empty());
    CHECK(segments.front().sequence >= first && segments.back().sequence >= last);
    first = segments.front().sequence;
    last = segments.back().sequence;
  }
  LONGS_EQUAL(126, last);
}

// The second source is recorded already, and not the last two segments of the first.
TEST(PastCut, AnEventListWaitsForWhatIsRecordedInAMoment) {
  PastShelf shelf;
  PastReader reader(shelf);
  shelf.file(9);
  const std::int64_t seam_ms = shelf.now_ms();
  shelf.epoch_ms = seam_ms;
  shelf.source(0x9988776655443322, 107, 8);
  shelf.file(9);
  // One segment ends with the first file: it is not known to be whole.
  PastAskRange range{kBegin, seam_ms + 9000 + 60'000, HlsListKind::kEvent};
  LONGS_EQUAL(103, reader.list(range).segments.back().sequence);
  // What has not come by then is missing.
  range.to_ms += 1500;
  LONGS_EQUAL(110, reader.list(range).segments.back().sequence);
}

TEST(PastCut, ALiveListHasWhatIsRecordedBeforeItWhateverItsTime) {
  PastShelf shelf;
  PastReader reader(shelf);
  shelf.file(12);
  shelf.epoch_ms = shelf.now_ms() - 6000;
  shelf.source(0x9988776655443322, 106, 8);
  shelf.file(7);
  const auto all = reader.whole().segments;
  LONGS_EQUAL(9, all.size());
  // The log holds the second source, or its newest.
  for (const std::size_t from : {6U, 7U, 8U}) {
    std::vector<HlsSegment> list(all.begin() + static_cast<std::ptrdiff_t>(from), all.end());
    const auto found = reader.list(range_before(list, shelf.now_ms(), 6)).segments;
    CHECK(hls_reaches(found, list.front()));
    put_in_front(found, 6, list);
    LONGS_EQUAL(6, list.size());
    LONGS_EQUAL(103, list.front().sequence);
    LONGS_EQUAL(108, list.back().sequence);
  }
  // Of a segment alone it is known that it goes on.
  std::vector<HlsSegment> last{all.back()};
  CHECK(!hls_reaches({}, last.front()));
  CHECK(!hls_reaches(std::vector<HlsSegment>(all.begin(), all.begin() + 7), last.front()));
  put_in_front(std::vector<HlsSegment>(all.begin(), all.begin() + 7), 6, last);
  LONGS_EQUAL(1, last.size());
}

TEST(PastCut, WhatAPauseHasLeftOfASegmentIsNone) {
  PastShelf shelf;
  PastReader reader(shelf);
  shelf.file(5);
  shelf.miss(3);
  shelf.file(4.2);
  const PastList list = reader.whole();
  LONGS_EQUAL(4, list.segments.size());
  LONGS_EQUAL(101, list.segments[1].sequence);
  LONGS_EQUAL(104, list.segments[2].sequence);
  reader.all_are_found(list);
  // A list that slides has no gap in its numbers: few segments behind one do not count yet.
  PastAskRange sliding{kBegin, shelf.now_ms(), HlsListKind::kSliding};
  LONGS_EQUAL(101, reader.list(sliding).segments.back().sequence);
  shelf.file(4);
  sliding.to_ms = shelf.now_ms();
  LONGS_EQUAL(104, reader.list(sliding).segments.front().sequence);
  LONGS_EQUAL(107, reader.list(sliding).segments.back().sequence);
}

TEST(PastCut, AListHasAtMostSoMany) {
  PastShelf shelf;
  PastReader reader(shelf);
  for (int i = 0; i < 4; ++i) shelf.file(10);
  PastAskRange range{kBegin, shelf.now_ms(), HlsListKind::kWhole, 5};
  LONGS_EQUAL(100, reader.list(range).segments.front().sequence);
  LONGS_EQUAL(5, reader.list(range).segments.size());
  range.kind = HlsListKind::kSliding;
  LONGS_EQUAL(118, reader.list(range).segments.back().sequence);
  LONGS_EQUAL(5, reader.list(range).segments.size());
}

// RFC 8216, 6.2.1: an EVENT list only grows.
TEST(PastCut, AnEventListOfADayLosesNoSegment) {
  constexpr unsigned kDay = 24 * 3600;
  PastShelf shelf;
  shelf.head.span.segments.cut_ms = 6000;
  PastReader reader(shelf);
  PastAskRange range{kBegin, 0, HlsListKind::kEvent};
  const auto list_of = [&](unsigned seconds) {
    while (shelf.thin_seconds < seconds) shelf.thin_file(300);
    range.to_ms = kBegin + std::int64_t{seconds} * 1000;
    return reader.list(range);
  };
  const PastList half = list_of(kDay / 2), most = list_of(kDay - 300), day = list_of(kDay),
                 over = list_of(kDay + 900);
  LONGS_EQUAL(7200, half.segments.size());
  LONGS_EQUAL(14'350, most.segments.size());
  LONGS_EQUAL(14'400, day.segments.size());
  LONGS_EQUAL(14'400, over.segments.size());
  const PastList* before = &half;
  for (const PastList* list : {&most, &day}) {
    STRNCMP_EQUAL(before->text.text.c_str(), list->text.text.c_str(), before->text.text.size());
    CHECK(list->text.text.find("#EXT-X-ENDLIST") == std::string::npos);
    before = list;
  }
  // What is longer ends, so that its players do too.
  const std::string& text = over.text.text;
  STRNCMP_EQUAL(day.text.text.c_str(), text.c_str(), day.text.text.size());
  CHECK(text.ends_with("#EXT-X-ENDLIST\n"));
  STRCMP_CONTAINS("#EXT-X-PLAYLIST-TYPE:EVENT\n", text.c_str());
  CHECK(text.size() < 1'400'000);
}

TEST(PastCut, AFileThatIsGoneIsAHole) {
  PastShelf shelf;
  PastReader reader(shelf);
  for (int i = 0; i < 3; ++i) shelf.file(10);
  const FileRow row = (*shelf.catalog.files("/m"))[1];
  std::filesystem::remove(shelf.path_of(row.name()) + ".data");
  const PastList list = reader.whole();
  LONGS_EQUAL(100, list.segments.front().sequence);
  LONGS_EQUAL(4, list.segments[4].sequence - 106);
}

TEST(PastCut, WhatCameBeforeTheClockWasSetBackIsListed) {
  PastShelf shelf;
  PastReader reader(shelf);
  shelf.file(20);
  shelf.clock_off_ms = -90'000;
  shelf.file(15);
  const PastList list = reader.list({kBegin, kBegin + 18'000, HlsListKind::kWhole});
  LONGS_EQUAL(9, list.segments.size());
  LONGS_EQUAL(100, list.segments.front().sequence);
}

TEST(PastCut, FilesOfTwoNodesThatOverlapAreOneRun) {
  PastShelf first, second;
  first.file(7);
  second.miss(3);
  second.file(9);
  PastCut cut;
  const auto add = [&cut](PastShelf& from) { cut.add(from.open((*from.catalog.files("/m"))[0])); };
  add(first);
  add(second);
  const auto segments = cut.segments(0, kBegin + 60'000, 100);
  LONGS_EQUAL(5, segments.size());
  for (std::size_t i = 0; i < segments.size(); ++i) {
    LONGS_EQUAL(100 + i, segments[i].sequence);
    const auto parts = cut.parts(segments[i]);
    std::uint64_t bytes = 0;
    for (const PastPart& part : parts) bytes += part.end - part.begin;
    LONGS_EQUAL(segments[i].end - segments[i].begin, bytes);
  }
  // What a file has that is there already adds nothing.
  add(first);
  CHECK(cut.segments(0, kBegin + 60'000, 100) == segments);
}
