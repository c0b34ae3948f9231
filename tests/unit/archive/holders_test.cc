#include "archive/files/holders.h"

#include "archive/files/file_list.h"
#include "archive/files/passes.h"
#include "archive/files/where.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace std::chrono_literals;

namespace {

HolderRow held(const std::string& node, std::int64_t from_s, std::int64_t to_s,
               const std::string& mount = "/m") {
  HolderRow out;
  out.mount = mount;
  out.node = node;
  out.places = {"http://" + node + ":8000"};
  out.ranges = {{from_s * 1000, to_s * 1000}};
  return out;
}

FileRow file(std::int64_t from_s, std::int64_t to_s, bool remote, std::uint32_t id = 1,
             std::int64_t stream_begin_s = 0) {
  FileRow out;
  out.from_ms = from_s * 1000;
  out.to_ms = to_s * 1000;
  out.origin = static_cast<std::uint64_t>(from_s - stream_begin_s) * 100;
  out.bytes = static_cast<std::uint64_t>(to_s - from_s) * 100;
  out.id = id;
  out.remote = remote;
  return out;
}
RecordedFiles own(std::vector<FileRow> rows) {
  return {std::make_shared<const std::vector<FileRow>>(std::move(rows)), std::nullopt};
}

}  // namespace

TEST_GROUP(HolderView){};

TEST(HolderView, TheNextRangeIsFound) {
  HolderView view;
  view.add(held("a", 100, 200));
  view.add(held("b", 50, 60));
  CHECK_EQUAL(2u, view.of("/m").size());
  CHECK(!view.has("/other"));
  std::int64_t at = 0;
  CHECK(view.nearest("/m", at));
  CHECK_EQUAL(50'000, at);
  at = 70'000;
  CHECK(view.nearest("/m", at));
  CHECK_EQUAL(100'000, at);
  at = 150'000;
  CHECK(view.nearest("/m", at));
  CHECK_EQUAL(150'000, at);
  at = 200'000;
  CHECK(!view.nearest("/m", at));
}

TEST_GROUP(ArchivePasses){};

TEST(ArchivePasses, OpenOneMountAndExpireAfterTheSecondChange) {
  SteadyTime now{};
  ArchivePasses passes(now);
  const std::string pass = passes.pass("/a");
  CHECK(passes.valid("/a", pass));
  CHECK(!passes.valid("/b", pass));
  CHECK(!passes.valid("/a", ""));
  CHECK(!passes.valid("/a", pass + "0"));
  CHECK(!passes.rotate(now + 59min));
  CHECK(passes.rotate(now + 60min));
  CHECK(passes.pass("/a") != pass);
  CHECK(passes.valid("/a", pass));
  CHECK(passes.rotate(now + 120min));
  CHECK(!passes.valid("/a", pass));
}

TEST(ArchivePasses, TheNextProcessKnowsThem) {
  SteadyTime now{};
  ArchivePasses passes(now), next(now + 90min);
  const std::string before = passes.pass("/a");
  CHECK(passes.rotate(now + 60min));
  next.restore(passes.save());
  CHECK(next.valid("/a", before));
  CHECK(next.pass("/a") == passes.pass("/a"));
  CHECK(!next.rotate(now + 119min));
  CHECK(next.rotate(now + 120min));
}

TEST(ArchivePasses, OfAProcessThatSleptNoneIsValid) {
  SteadyTime now{};
  ArchivePasses passes(now);
  const std::string pass = passes.pass("/a");
  CHECK(passes.rotate(now + 3h));
  CHECK(!passes.valid("/a", pass));
}

TEST_GROUP(FileList){};

TEST(FileList, IsThereAndBack) {
  FileRow open = file(300, 400, false);
  open.open = true;
  const RecordedFiles files(
      std::make_shared<const std::vector<FileRow>>(std::vector<FileRow>{file(0, 300, false)}),
      open);
  const auto rows = parse_file_list(print_file_list(files, 0, 1'000'000));
  CHECK(rows.has_value());
  CHECK_EQUAL(2u, rows->size());
  CHECK((*rows)[0].remote && (*rows)[1].open);
  CHECK_EQUAL(30'000u, (*rows)[1].origin);
  CHECK_EQUAL(1u, parse_file_list(print_file_list(files, 300'000, 1'000'000))->size());
  CHECK_EQUAL(1u, parse_file_list(print_files_from(files, 1, 30'000))->size());
  CHECK_EQUAL(0u, parse_file_list(print_files_from(files, 2, 0))->size());
  // What is about to be recorded, of the one that is open.
  const std::uint64_t end = open.origin_end();
  CHECK_EQUAL(1u, parse_file_list(print_files_from(files, 1, end))->size());
  CHECK_EQUAL(1u, parse_file_list(print_files_from(files, 1, end + kMaxUnwritten))->size());
  CHECK_EQUAL(0u, parse_file_list(print_files_from(files, 1, end + kMaxUnwritten + 1))->size());
  CHECK_EQUAL(0u, parse_file_list(print_files_from(files, 1, ~std::uint64_t{0}))->size());
}

TEST(FileList, WhatFollowsTheEndOfAStreamIsThere) {
  FileRow other = file(310, 400, false);
  other.id = 9;
  const RecordedFiles files(std::make_shared<const std::vector<FileRow>>(std::vector<FileRow>{
                                file(0, 100, false), file(100, 300, false), other}),
                            std::nullopt);
  const std::uint64_t end = files[1].origin_end();
  const auto rows = parse_file_list(print_files_from(files, 1, end));
  CHECK_EQUAL(2u, rows->size());
  CHECK_EQUAL(9u, (*rows)[1].id);
  CHECK_EQUAL(0u, parse_file_list(print_files_from(files, 1, end + 1))->size());
  CHECK_EQUAL(1u, parse_file_list(print_files_from(files, 1, end - 1))->size());
}

TEST(FileList, WhatCannotBeIsRefused) {
  const auto refused = [](const std::string& entry) {
    return !parse_file_list(R"({"files":[)" + entry + "]}").has_value();
  };
  CHECK(!refused(R"({"n":"1-00000001-0","from":1000,"to":2000,"b":5})"));
  CHECK(refused(R"({"n":"../1-00000001-0","from":1000,"to":2000,"b":5})"));
  CHECK(refused(R"({"n":"1-00000001-0","from":5000,"to":6000,"b":5})"));
  CHECK(refused(R"({"n":"1-00000001-0","from":1000,"to":999,"b":5})"));
  CHECK(refused(R"({"n":"1-00000001-0","from":1000,"to":2000,"b":0})"));
  CHECK(refused(R"({"n":"1-00000001-0","from":1000,"to":2000,"b":99999999999})"));
  CHECK(refused(R"({"n":"1-00000001-ffffffffffffffff","from":1000,"to":2000,"b":5})"));
  CHECK(refused(R"("1-00000001-0")"));
  CHECK(!parse_file_list("[]").has_value());
  CHECK(!parse_file_list("").has_value());
}

TEST_GROUP(MergedFiles){};

TEST(MergedFiles, OwnFilesComeFirstAndOthersFillTheHoles) {
  const std::vector<FileRow> node = {file(0, 300, true), file(300, 600, true),
                                     file(600, 900, true)};
  const RecordedFiles all =
      merged_files(own({file(0, 300, false), file(600, 900, false)}), {&node});
  CHECK_EQUAL(3u, all.size());
  CHECK(!all[0].remote && all[1].remote && !all[2].remote);
}

TEST(MergedFiles, MoreOfTheSameBytesReplacesLess) {
  const std::vector<FileRow> node = {file(0, 300, true)};
  const RecordedFiles all =
      merged_files(own({file(0, 100, false), file(200, 300, false)}), {&node});
  CHECK_EQUAL(1u, all.size());
  CHECK(all[0].remote);
}

TEST(MergedFiles, PartsThatHaveAllOfItAreEnough) {
  const std::vector<FileRow> node = {file(0, 300, true)};
  const RecordedFiles all = merged_files(
      own({file(0, 100, false), file(99, 200, false), file(200, 300, false)}), {&node});
  CHECK_EQUAL(3u, all.size());
  CHECK(!all[0].remote && !all[1].remote && !all[2].remote);
}

TEST(MergedFiles, WhatIsBeingWrittenHereIsNotFetched) {
  FileRow open = file(0, 100, false);
  open.open = true;
  const RecordedFiles here(std::make_shared<const std::vector<FileRow>>(), open);
  const std::vector<FileRow> node = {file(0, 101, true)};
  const RecordedFiles all = merged_files(here, {&node});
  CHECK_EQUAL(1u, all.size());
  CHECK(!all[0].remote);
  CHECK(all.growing());
}

TEST(MergedFiles, OfTwoStreamsOfOneTimeTheFirstCounts) {
  const std::vector<FileRow> other = {file(100, 250, true, 2, 100), file(299, 400, true, 2, 100)};
  const RecordedFiles all = merged_files(own({file(0, 300, false)}), {&other});
  CHECK_EQUAL(2u, all.size());
  CHECK_EQUAL(299'000, all[1].from_ms);
}

TEST(MergedFiles, AShortFileOfAnotherStreamHidesNoLongerOne) {
  const std::vector<FileRow> node = {file(0, 300, true)};
  const RecordedFiles all =
      merged_files(own({file(100, 110, false, 2, 100), file(310, 320, false, 2, 110)}), {&node});
  CHECK_EQUAL(2u, all.size());
  CHECK(all[0].remote && all[0].from_ms == 0);
  CHECK_EQUAL(1u, all.find(200'000) + 1);
  // Neither reaches as far as the other: both are there.
  CHECK_EQUAL(2u, merged_files(own({file(200, 500, false, 2, 200)}), {&node}).size());
  // Of one that reaches no further the own one counts.
  CHECK(!merged_files(own({file(0, 299, false, 2, 100)}), {&node})[0].remote);
}

// Each is compared with all of its time: 20,000 took 0.9 s of a worker.
TEST(MergedFiles, OfAHolderThatListsThousandsOfOneTimeSomeCount) {
  std::vector<FileRow> many;
  for (int i = 0; i < 3000; ++i)
    many.push_back(file(i % 200, i % 200 + 1, true, 100u + static_cast<unsigned>(i), 0));
  const std::vector<FileRow> later = {file(5000, 5300, true)};
  CHECK_EQUAL(static_cast<std::size_t>(kMaxTogether) + 1,
              merged_files(own({}), {&many, &later}).size());
}

// It would be all that there is.
TEST(MergedFiles, AFileOfYearsIsListedAsTheLongestThatThereMayBe) {
  const auto rows =
      parse_file_list(R"({"files":[{"n":"1-00000001-0","from":1000,"to":253402300799000,"b":5}]})");
  CHECK(rows.has_value());
  CHECK_EQUAL(601'000, (*rows)[0].to_ms);
}

TEST(MergedFiles, TwoHoldersOfOneFileAreOne) {
  const std::vector<FileRow> a = {file(0, 300, true)},
                             b = {file(0, 300, true), file(300, 400, true)};
  CHECK_EQUAL(2u, merged_files(own({}), {&a, &b}).size());
}

TEST_GROUP(Where){};

TEST(Where, RangesShowWhichNodesHoldThem) {
  const auto none = ranges_and_places(own({file(100, 200, false)}), {}, 0);
  CHECK_EQUAL(1u, none.size());
  STRCMP_EQUAL("here", none[0].where[0].c_str());
  const auto ranges = ranges_and_places(own({file(100, 200, false)}),
                                        {held("a", 101, 400), held("b", 300, 0)}, 500'000);
  CHECK_EQUAL(4u, ranges.size());
  CHECK_EQUAL(2u, ranges[0].where.size());
  CHECK_EQUAL(1u, ranges[1].where.size());
  STRCMP_EQUAL("a", ranges[1].where[0].c_str());
  CHECK_EQUAL(2u, ranges[2].where.size());
  STRCMP_EQUAL("b", ranges[3].where[0].c_str());
  CHECK_EQUAL(500'000, ranges[3].to_ms);
  CHECK_EQUAL(1u, ranges_anywhere(own({file(100, 200, false)}),
                                  {held("a", 101, 400), held("b", 300, 0)}, 500'000)
                      .size());
}
