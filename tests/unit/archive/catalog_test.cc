#include "archive/files/catalog.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

FileRow row(std::int64_t from_s, std::int64_t to_s, std::uint64_t origin, std::uint32_t id = 1) {
  return {from_s * 1000, to_s * 1000, static_cast<std::uint64_t>(to_s - from_s) * 100,
          origin,        id,          false};
}

}  // namespace

TEST_GROUP(Catalog) { Catalog catalog; };

TEST(Catalog, FindsTheFileOfATimeOrTheNextOne) {
  catalog.add("/a", {row(300, 600, 30'000), row(0, 300, 0), row(900, 1000, 0, 2)});
  const auto files = catalog.files("/a");
  CHECK_EQUAL(3u, files->size());
  CHECK_EQUAL(0u, files->find(0));
  CHECK_EQUAL(1u, files->find(300'000));
  CHECK_EQUAL(1u, files->find(599'999));
  CHECK_EQUAL(2u, files->find(600'000));
  CHECK_EQUAL(3u, files->find(1'000'000));
  CHECK_EQUAL(0u, files->find(-1));
}

TEST(Catalog, FindsTheFileOfATimeThatTheClockHasPassedTwice) {
  catalog.add("/a", {row(0, 300, 0), row(300, 600, 30'000), row(600, 700, 60'000)});
  // Set back by 600 s.
  catalog.grow("/a", row(101, 150, 70'000));
  const auto files = catalog.files("/a");
  CHECK_EQUAL(3u, files->find(120'000));  // the newest
  CHECK_EQUAL(0u, files->find(160'000));
  CHECK_EQUAL(2u, files->find(650'000));
  CHECK_EQUAL(4u, files->find(700'000));
  const auto ranges = files->ranges();
  CHECK_EQUAL(1u, ranges.size());
  CHECK_EQUAL(0, ranges[0].from_ms);
  CHECK_EQUAL(700'000, ranges[0].to_ms);
  catalog.close("/a", row(101, 290, 70'000));
  CHECK_EQUAL(0u, catalog.files("/a")->find(295'000));
}

TEST(Catalog, WhatIsRecordedBeforeAllThatThereIsIsARangeOfItsOwn) {
  catalog.add("/a", {row(900, 1000, 0)});
  catalog.grow("/a", row(100, 150, 70'000));
  const auto ranges = catalog.files("/a")->ranges();
  CHECK_EQUAL(2u, ranges.size());
  CHECK_EQUAL(100'000, ranges[0].from_ms);
  CHECK_EQUAL(150'000, ranges[0].to_ms);
  CHECK_EQUAL(900'000, ranges[1].from_ms);
}

TEST(Catalog, FindsTheFileOfAnAddress) {
  catalog.add("/a", {row(0, 300, 0), row(300, 600, 30'000)});
  const auto files = catalog.files("/a");
  CHECK_EQUAL(1u, files->find(1, 30'000));
  CHECK_EQUAL(0u, files->find(1, 29'999));
  CHECK_EQUAL(2u, files->find(1, 60'000));
  CHECK_EQUAL(2u, files->find(2, 0));
}

TEST(Catalog, RangesEndAtPauses) {
  catalog.add("/a", {row(0, 300, 0), row(300, 600, 30'000), row(900, 1000, 0, 2)});
  const auto ranges = catalog.files("/a")->ranges();
  CHECK_EQUAL(2u, ranges.size());
  CHECK_EQUAL(600'000, ranges[0].to_ms);
  CHECK_EQUAL(60'000u, ranges[0].bytes);
  CHECK_EQUAL(900'000, ranges[1].from_ms);
}

TEST(Catalog, AFileThatGrowsLeavesWhatIsKnownOfTheOthers) {
  catalog.add("/a", {row(0, 300, 0), row(900, 1000, 0, 2)});
  const auto before = catalog.files("/a");
  catalog.grow("/a", row(1000, 1001, 10'000, 2));
  catalog.grow("/a", row(1000, 1002, 10'000, 2));
  const auto after = catalog.files("/a");
  CHECK(before->sums() == after->sums());
  CHECK_EQUAL(2u, after->sums()->runs.size());
  CHECK_EQUAL(1'002'000, after->ranges()[1].to_ms);
  CHECK_EQUAL(40'200u, after->bytes());
  CHECK_EQUAL(1u, after->ranges(600'000).size());
  catalog.close("/a", row(1000, 1002, 10'000, 2));
  CHECK(before->sums() != catalog.files("/a")->sums());
}

TEST(Catalog, AFileGrowsIsClosedAndGoes) {
  catalog.add("/a", {row(0, 300, 0)});
  const auto before = catalog.files("/a");
  catalog.grow("/a", row(300, 301, 30'000));
  catalog.grow("/a", row(300, 302, 30'000));
  CHECK_EQUAL(2u, catalog.files("/a")->size());
  CHECK((*catalog.files("/a"))[1].open);
  CHECK_EQUAL(302'000, (*catalog.files("/a"))[1].to_ms);
  CHECK_EQUAL(1u, before->size());
  catalog.close("/a", row(300, 303, 30'000));
  CHECK_EQUAL(2u, catalog.files("/a")->size());
  CHECK(!catalog.files("/a")->open().has_value());
  catalog.remove("/a", {row(0, 300, 0)});
  CHECK_EQUAL(1u, catalog.files("/a")->size());
  CHECK_EQUAL(300u, catalog.bytes());
  CHECK_EQUAL(0u, catalog.files("/b")->size());
}

TEST(Catalog, WhatIsNotReadYetMayBeThereAllTheSame) {
  CHECK(!catalog.is_reading("/a"));
  catalog.begin_reading();
  CHECK(catalog.is_reading("/a"));
  catalog.add("/a", {row(0, 300, 0)});
  catalog.add("/empty", {});
  CHECK(!catalog.is_reading("/a"));
  CHECK(!catalog.is_reading("/empty"));
  CHECK(catalog.is_reading("/b"));
  catalog.end_reading();
  CHECK(!catalog.is_reading("/b"));
}

// The end lies in segment 102, or between 101 and 102.
TEST(Catalog, ANewSourceFollowsTheRecordedOneWithoutAGap) {
  const std::int64_t end_ms = 1'795'158'009'000;
  FileHead head;
  head.span.media = {0, 1000};
  head.span.segments = {100, 7, 0, 4000};
  CHECK_EQUAL(103u, recorded_end(head, {900, 9000, end_ms, 0}).next.first);
  CHECK_EQUAL(102u, recorded_end(head, {800, 8000, end_ms, 0}).next.first);
  CHECK(!catalog.next_numbers("/a", end_ms));
  catalog.note_end("/a", recorded_end(head, {900, 9000, end_ms, 0}));
  catalog.note_end("/a", recorded_end(head, {100, 1000, end_ms - 8000, 0}));
  const auto next = catalog.next_numbers("/a", end_ms + 3'600'000);
  CHECK(next && next->first == 103 && next->generation == 8);
  // Longer ago than a list reaches.
  CHECK(!catalog.next_numbers("/a", end_ms + 25 * 3'600'000));
  // A file that is still written, whose disk is slow: players have newer segments.
  catalog.grow("/a", {end_ms - 9000, end_ms, 900, 0, 1, true});
  CHECK(catalog.next_numbers("/a", end_ms + 3000).has_value());
  CHECK(!catalog.next_numbers("/a", end_ms + 5000));
  head.span.media.rate_hz = 0;
  CHECK_EQUAL(0u, recorded_end(head, {900, 9000, end_ms, 0}).next.first);
}

TEST(Catalog, AFileHas48BytesAtMost) { CHECK(sizeof(FileRow) <= 48); }
