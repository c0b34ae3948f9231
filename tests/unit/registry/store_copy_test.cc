// The text of a last good copy, piece by piece.
#include "registry/store_copy.h"

#include <algorithm>
#include <memory>
#include <string>

#include "base/log_book.h"
#include "base/temporary_directory.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

Mirror::Snapshot snapshot(std::size_t count, std::size_t bytes) {
  Mirror::Snapshot out;
  out.revision = 7;
  for (std::size_t i = 0; i < count; ++i)
    out.records.push_back(std::make_shared<const RegistryRecord>(
        RegistryRecord{"users/m" + std::to_string(i), std::string(bytes, 'x'), i + 1}));
  return out;
}

}  // namespace

TEST_GROUP(StoreCopyText){};

TEST(StoreCopyText, IsNeverInMemoryAsAWhole) {
  for (const std::size_t count : {0U, 1U, 5U, 300U}) {
    const auto content = snapshot(count, 3000);
    auto pieces = store_copy_pieces("/radio/", content);
    std::string text;
    std::size_t longest = 0;
    for (auto piece = pieces(); !piece.empty(); piece = pieces()) {
      longest = std::max(longest, piece.size());
      text += piece;
    }
    CHECK(pieces().empty());
    CHECK(longest <= kCopyPiece + 4000);
    const auto read = parse_store_copy("/radio/", text);
    if (!read) FAIL(read.error().what.c_str());
    LONGS_EQUAL(7, read->revision);
    LONGS_EQUAL(count, read->records.size());
    for (std::size_t i = 0; i < count; ++i) CHECK(read->records[i] == *content.records[i]);
  }
}
TEST(StoreCopyText, ASnapshotIsNotChangedByWhatComesAfterIt) {
  Loop loop(0, system_clock());
  Mirror mirror(loop);
  mirror.replace({{{"users/anna", "1", 1}}, 1});
  const auto before = mirror.snapshot();
  mirror.apply({{{"users/anna", "2", 2}}, {}, 2});
  STRCMP_EQUAL("1", before.records[0]->value.c_str());
  STRCMP_EQUAL("2", mirror.snapshot().records[0]->value.c_str());
  LONGS_EQUAL(1, before.revision);
}

TEST_GROUP(StoreCopyAdditions){};

TEST(StoreCopyAdditions, ASilentDiskKeepsNoWriteWaiting) {
  Loop control(0, system_clock()), disk(1, system_clock());
  test::CapturedLog log{system_clock()};
  TemporaryDirectory folder = TemporaryDirectory::quick();
  Mirror mirror(control);
  StoreCopy copy(control, disk, folder.file("store.copy"), "/t", mirror, log.log);
  int answered = 0;
  for (std::uint64_t revision = 1; revision <= 3; ++revision) {
    RegistryWrite write;
    write.puts.emplace_back("users/u" + std::to_string(revision), "{}");
    copy.add(write, revision, [&answered] { ++answered; });
  }
  bool late = false;
  Timer limit(control, [&late] { late = true; });
  limit.after(std::chrono::seconds(120));
  while (answered < 3 && !late) control.run_once(true);
  LONGS_EQUAL(3, answered);
  CHECK(log.says("the disk is silent"));
  // What waited for it is written all the same, once.
  while (folder.text("store.copy.newer").find("users/u3") == std::string::npos && !late) {
    disk.run_once(false);
    control.run_once(false);
  }
  CHECK(!late);
  LONGS_EQUAL(3, answered);
}
