#include "archive/record/fill_plan.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

// A second has 100 bytes.
FileRow fill_file(std::int64_t from_s, std::int64_t to_s, bool remote, std::uint32_t id = 1) {
  FileRow row;
  row.from_ms = from_s * 1000;
  row.to_ms = to_s * 1000;
  row.origin = static_cast<std::uint64_t>(from_s) * 100;
  row.bytes = static_cast<std::uint64_t>(to_s - from_s) * 100;
  row.id = id;
  row.remote = remote;
  return row;
}
RecordedFiles fill_files(std::vector<FileRow> rows, std::optional<FileRow> open = {}) {
  if (open) open->open = true;
  return {std::make_shared<const std::vector<FileRow>>(std::move(rows)), open};
}
std::string text_of(const std::vector<MissingPart>& parts) {
  std::string out;
  for (const MissingPart& part : parts)
    out += std::to_string(part.row.from_ms / 1000) + ":" + std::to_string(part.begin) + "-" +
           std::to_string(part.end) + " ";
  return out;
}
std::string text_of(const std::vector<MissingTime>& times) {
  std::string out;
  for (const MissingTime& time : times)
    out += std::to_string(time.from_ms / 1000) + "-" + std::to_string(time.to_ms / 1000) + " ";
  return out;
}

}  // namespace

TEST_GROUP(FillPlan){};

TEST(FillPlan, WhatOthersHoldAndThisNodeDoesNotIsMissing) {
  HolderRow a, b;
  a.ranges = {{0, 300'000}, {600'000, 0}};
  b.ranges = {{200'000, 400'000}};
  const RecordedFiles own = fill_files({fill_file(100, 250, false), fill_file(700, 800, false)});
  CHECK_EQUAL(std::string("800-990 600-700 250-400 0-100 "),
              text_of(missing_times(own, {a, b}, {}, 0, 990'000)));
  // Not what is too old, was deleted, or lasts a moment.
  CHECK_EQUAL(std::string("600-700 350-400 "),
              text_of(missing_times(own, {a, b}, {{250'000, 350'000}, {801'000, 990'000}}, 99'000,
                                    991'500)));
}

TEST(FillPlan, PartsOfAFileAreThoseThatLieBetweenOwnOnes) {
  const RecordedFiles own = fill_files({fill_file(0, 100, false)}, fill_file(120, 140, false));
  FileRow there = fill_file(0, 150, true);
  const RecordedFiles all = fill_files({there});
  CHECK_EQUAL(std::string("0:10000-12000 0:14000-15000 "),
              text_of(missing_parts(own, all, {0, 200'000})));
  // What still grows there has an end where this node goes on.
  there.open = true;
  CHECK_EQUAL(std::string("0:10000-12000 "),
              text_of(missing_parts(own, fill_files({there}), {100'000, 120'000})));
  CHECK_EQUAL(std::string(), text_of(missing_parts(fill_files({fill_file(0, 100, false)}),
                                                   fill_files({there}), {100'000, 150'000})));
}

TEST(FillPlan, FilesOfWhichNothingIsHereAreMissingWhole) {
  const RecordedFiles all =
      fill_files({fill_file(0, 300, true), fill_file(300, 600, true), fill_file(600, 900, false)});
  CHECK_EQUAL(std::string("300:0-30000 0:0-30000 "),
              text_of(missing_parts(fill_files({fill_file(600, 900, false)}), all, {0, 900'000})));
  CHECK_EQUAL(std::string("300:0-30000 "),
              text_of(missing_parts(fill_files({}), all, {400'000, 500'000})));
}

TEST(FillPlan, ANewStreamOfTheSameTimeIsNoPartOfAnother) {
  const RecordedFiles own = fill_files({fill_file(0, 100, false, 2)});
  CHECK_EQUAL(std::string("0:0-30000 "),
              text_of(missing_parts(own, fill_files({fill_file(0, 300, true)}), {0, 300'000})));
}

TEST(FillPlan, PartsBeginAndEndAtMarks) {
  FileIndex index;
  for (unsigned i = 0; i <= 10; ++i) index.marks.push_back({i * 100u, i, i * 1000, 0});
  const auto range = [&](std::uint64_t begin, std::uint64_t end, std::uint64_t most) {
    const MarkRange found = marks_around(index, begin, end, most);
    return std::to_string(found.first) + "-" + std::to_string(found.last);
  };
  CHECK_EQUAL(std::string("2-5"), range(200, 500, 10'000));
  CHECK_EQUAL(std::string("2-6"), range(250, 501, 10'000));
  CHECK_EQUAL(std::string("2-4"), range(250, 501, 299));
  CHECK_EQUAL(std::string("2-3"), range(250, 501, 1));
  CHECK_EQUAL(std::string("9-10"), range(950, 5'000, 10'000));
  CHECK_EQUAL(std::string("10-10"), range(1'000, 5'000, 10'000));
}

TEST(FillPlan, MarksThatLeadBackThroughOwnBytesBringNothing) {
  const RecordedFiles own = fill_files({fill_file(0, 60, false), fill_file(90, 120, false)});
  const FileRow row = fill_file(0, 120, true);
  const MissingPart part{row, 6'000, 9'000};
  FileIndex index;
  const auto range = [&] {
    const MarkRange found = marks_of_part(index, part, own, 100'000);
    return std::to_string(found.first) + "-" + std::to_string(found.last);
  };
  // Each seven seconds: the seams are fetched too.
  for (unsigned i = 0; i <= 17; ++i) index.marks.push_back({i * 700u, i, i * 7000, 0});
  CHECK_EQUAL(std::string("8-13"), range());
  // Only the first and the last one, or few.
  index.marks = {{0, 0, 0, 0}, {12'000, 120, 120'000, 0}};
  CHECK_EQUAL(std::string("1-0"), range());
  index.marks = {
      {0, 0, 0, 0}, {7'000, 70, 70'000, 0}, {8'000, 80, 80'000, 0}, {12'000, 120, 120'000, 0}};
  CHECK_EQUAL(std::string("1-2"), range());
}

TEST(FillPlan, TimesOfAnIndexHaveToBePossible) {
  FileIndex index;
  index.head.span.wall_ms = 1'000'500;
  for (unsigned i = 0; i <= 10; ++i) index.marks.push_back({i * 100u, i, 1'000'500 + i * 1000, 0});
  FileRow row = fill_file(1000, 1010, true);
  row.from_ms = 1'000'500;
  CHECK(is_plausible(index, row, 1'011'000));
  CHECK(!is_plausible(index, row, 900'000));
  index.marks[5].wall_ms = 5'000'000;
  CHECK(!is_plausible(index, row, 1'011'000));
  index.marks[5].wall_ms = 0;
  CHECK(!is_plausible(index, row, 1'011'000));
}
