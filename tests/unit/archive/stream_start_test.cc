#include "archive/read/stream_start.h"

#include "archive/fixture.h"

// Last, because it redefines `new`.
#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;

namespace {

constexpr std::int64_t kStartBegin = 1'795'158'000'000;
constexpr StreamIdentity kFirst{0x1100000000000000, 1}, kSecond{0x2200000000000000, 1};

FileRow row_at(std::int64_t from_s, std::int64_t to_s, const StreamIdentity& id,
               std::uint64_t origin, bool open = false) {
  FileRow row;
  row.from_ms = kStartBegin + from_s * 1000;
  row.to_ms = kStartBegin + to_s * 1000;
  row.bytes = static_cast<std::uint64_t>(to_s - from_s) * 1000;
  row.origin = origin;
  row.id = short_id(id);
  row.open = open;
  return row;
}
RecordedFiles files_of(std::vector<FileRow> rows) {
  return {std::make_shared<const std::vector<FileRow>>(std::move(rows)), std::nullopt};
}
PastMoment at(const StreamIdentity& id, std::uint64_t position) {
  PastMoment moment;
  moment.at = StreamAddress{id, position};
  return moment;
}
PastMoment from(std::int64_t seconds) {
  PastMoment moment;
  moment.from_ms = kStartBegin + seconds * 1000;
  return moment;
}

}  // namespace

TEST_GROUP(StreamStart){};

TEST(StreamStart, ATimeIsInItsFileOrInTheNextOne) {
  const auto files = files_of({row_at(0, 10, kFirst, 0), row_at(30, 40, kFirst, 30'000)});
  LONGS_EQUAL(0, find_start_file(files, from(3), true).file);
  LONGS_EQUAL(1, find_start_file(files, from(20), true).file);
  LONGS_EQUAL(2, find_start_file(files, from(50), true).file);
  CHECK_FALSE(find_start_file(files, from(50), true).soon);
}
TEST(StreamStart, AFileWithoutAMarkIsPassedOver) {
  auto empty = row_at(0, 10, kFirst, 0);
  empty.bytes = 0;
  LONGS_EQUAL(1, find_start_file(files_of({empty, row_at(10, 20, kFirst, 0)}), from(3), true).file);
}
TEST(StreamStart, AByteIsInItsFile) {
  const auto files = files_of({row_at(0, 10, kFirst, 0), row_at(10, 20, kSecond, 0)});
  const StartFile found = find_start_file(files, at(kSecond, 9'999), true);
  LONGS_EQUAL(1, found.file);
  CHECK(found.moment.at.has_value());
  LONGS_EQUAL(2, find_start_file(files, at(kFirst, 99'000), true).file);
}
TEST(StreamStart, AByteThatIsAboutToBeWrittenComesSoon) {
  const auto files = files_of({row_at(0, 10, kFirst, 0, true)});
  CHECK(find_start_file(files, at(kFirst, 10'000), false).soon);
  CHECK(find_start_file(files, at(kFirst, 500'000), false).soon);
  CHECK_FALSE(find_start_file(files, at(kFirst, 50'000'000), false).soon);
  CHECK_FALSE(find_start_file(files, at(kSecond, 10'000), false).soon);
}
TEST(StreamStart, BehindAStreamThatHasEndedTheNextOneComesSoonWhileItsMountPlays) {
  const auto files = files_of({row_at(0, 10, kFirst, 0)});
  CHECK(find_start_file(files, at(kFirst, 10'000), true).soon);
  CHECK_FALSE(find_start_file(files, at(kFirst, 10'000), false).soon);
  CHECK_FALSE(find_start_file(files, at(kFirst, 10'001), true).soon);
}
TEST(StreamStart, WhatFollowsThatByteWithinAMinuteIsPlayedFromItsBegin) {
  const auto soon = files_of({row_at(0, 10, kFirst, 0), row_at(65, 80, kSecond, 0)});
  const StartFile found = find_start_file(soon, at(kFirst, 10'000), true);
  LONGS_EQUAL(1, found.file);
  CHECK(!found.moment.at.has_value());
  CHECK(found.moment.from_ms == kStartBegin + 65'000);
  const auto late = files_of({row_at(0, 10, kFirst, 0), row_at(75, 80, kSecond, 0)});
  LONGS_EQUAL(2, find_start_file(late, at(kFirst, 10'000), true).file);
}

// Ten seconds of 100 bytes each.
TEST_GROUP(StreamStartIn) {
  TemporaryDirectory dir;
  ReaderPool readers{std::vector<Loop*>()};
  std::vector<FileRow> rows;

  void setup() override {
    FileHead head;
    head.span.id = kFirst;
    head.span.origin = 5000;
    head.span.wall_ms = kStartBegin;
    head.span.media = {0, 1000};
    head.content_type = "audio/mpeg";
    auto file = std::move(*SegmentFile::create(dir.path() + "/%2Fm", head));
    for (unsigned i = 1; i <= 10; ++i) {
      CHECK(file.append(Bytes(100, std::byte{'x'})).has_value());
      CHECK(file.mark(i * 1000, kStartBegin + i * 1000).has_value());
    }
    rows.push_back(file.close());
  }
  std::optional<StreamStart> start(const PastMoment& moment) {
    PastReading reading(readers, dir.path(), "/m");
    const auto files = files_of(rows);
    const auto out = start_in(reading, files, find_start_file(files, moment, true));
    CHECK_FALSE(reading.lacks());
    return out;
  }
};

TEST(StreamStartIn, ATimeIsAtTheMarkBeforeItWhereTheFileHasNoFrames) {
  LONGS_EQUAL(300, start(from(3))->offset);
  PastMoment moment = from(3);
  moment.from_ms += 700;
  LONGS_EQUAL(300, start(moment)->offset);
  CHECK(start(moment)->wall_ms == kStartBegin + 3'000);
  // Not before what the client may have.
  moment.from_ms = moment.earliest_ms = kStartBegin + 3'200;
  LONGS_EQUAL(400, start(moment)->offset);
}
TEST(StreamStartIn, AByteIsThatByte) {
  const auto found = start(at(kFirst, 5'555));
  LONGS_EQUAL(555, found->offset);
  CHECK(found->wall_ms == kStartBegin + 5'000);
  // The first bits of its name may be those of another stream.
  CHECK(!start(at({kFirst[0], 2}, 5'555)).has_value());
  CHECK(!start(from(11)).has_value());
}
TEST(StreamStartIn, AFileThatIsGoneHasNoBegin) {
  rows[0].from_ms += 1000;
  CHECK(!start(from(3)).has_value());
}
