#include "archive/files/retention.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

constexpr std::int64_t kHour = 3'600'000;

Catalog::Files hours(std::int64_t from, std::int64_t to, bool open = false) {
  auto rows = std::make_shared<std::vector<FileRow>>();
  for (std::int64_t h = from; h < to; ++h) {
    FileRow row;
    row.from_ms = h * kHour;
    row.to_ms = (h + 1) * kHour;
    row.bytes = 1000;
    rows->push_back(row);
  }
  std::optional<FileRow> last;
  if (open) {
    last = rows->back();
    last->open = true;
    rows->pop_back();
  }
  return std::make_shared<const RecordedFiles>(std::move(rows), last);
}

}  // namespace

TEST_GROUP(Retention) {
  RetentionInput input;
  void setup() override {
    input.now_ms = 10 * kHour;
    input.mounts["/a"].files = hours(0, 10);
    input.mounts["/a"].settings.enabled = true;
  }
  std::size_t removed() { return files_to_remove(input).size(); }
};

TEST(Retention, KeepsWhatIsYoungEnough) {
  CHECK_EQUAL(0u, removed());
  input.mounts["/a"].settings.retention = std::chrono::hours(3);
  CHECK_EQUAL(6u, removed());
  input.mounts["/a"].settings.enabled = false;
  CHECK_EQUAL(0u, removed());
}

TEST(Retention, TakesTheOldestBeyondTheMountsSize) {
  input.mounts["/a"].settings.max_bytes = 4000;
  const auto gone = files_to_remove(input);
  CHECK_EQUAL(6u, gone.size());
  CHECK_EQUAL(0, gone.front().row.from_ms);
}

TEST(Retention, TheStorageOfARecordHoldsWhetherItIsRecordedOrNot) {
  input.mounts["/a"].settings.storage_bytes = 4000;
  CHECK_EQUAL(6u, removed());
  input.mounts["/a"].settings.enabled = false;
  CHECK_EQUAL(6u, removed());
  input.mounts["/a"].settings.storage_bytes = 0;
  CHECK_EQUAL(10u, removed());
  // The smaller one of the two counts.
  input.mounts["/a"].settings.enabled = true;
  input.mounts["/a"].settings.storage_bytes = 8000;
  input.mounts["/a"].settings.max_bytes = 3000;
  CHECK_EQUAL(7u, removed());
}

TEST(Retention, TakesTheOldestOfAllMountsBeyondTheTotal) {
  input.mounts["/b"].files = hours(5, 10);
  input.settings.total_bytes = 9000;
  const auto gone = files_to_remove(input);
  CHECK_EQUAL(6u, gone.size());
  CHECK(gone[0].mount == "/a");
  CHECK(gone[5].row.from_ms == 5 * kHour);
}

TEST(Retention, TakesRecordingsOfTheFarFutureBeforeThoseOfOtherMounts) {
  input.mounts["/hostile"].files = hours(24 * 365, 24 * 365 + 10);
  input.mounts["/lead"].files = hours(10, 11);  // an encoder is a bit ahead
  input.settings.total_bytes = 12'000;
  const auto gone = files_to_remove(input);
  CHECK_EQUAL(9u, gone.size());
  for (const DoomedFile& file : gone) CHECK(file.mount == "/hostile");
  // A wrong clock alone takes nothing.
  input.settings.total_bytes = 0;
  input.now_ms = 0;
  CHECK_EQUAL(0u, removed());
}

TEST(Retention, TakesRecordingsOfTheFarFutureBeforeOthersOfTheirMount) {
  auto rows = std::make_shared<std::vector<FileRow>>(hours(0, 10)->closed());
  const auto future = hours(24 * 365, 24 * 365 + 3);
  for (const FileRow& row : future->closed()) rows->push_back(row);
  input.mounts["/a"].files = std::make_shared<const RecordedFiles>(std::move(rows), std::nullopt);
  input.mounts["/a"].settings.max_bytes = 9000;
  auto gone = files_to_remove(input);
  CHECK_EQUAL(4u, gone.size());
  CHECK_EQUAL(24 * 365 * kHour, gone[0].row.from_ms);
  CHECK_EQUAL(0, gone[3].row.from_ms);
  // By a clock that may be wrong the oldest ones go.
  input.trusts_clock = false;
  gone = files_to_remove(input);
  CHECK_EQUAL(4u, gone.size());
  CHECK_EQUAL(3 * kHour, gone[3].row.from_ms);
}

TEST(Retention, AClockThatMayBeWrongMakesNothingTooOld) {
  input.mounts["/a"].settings.retention = std::chrono::hours(3);
  input.now_ms += 24 * 365 * kHour;
  CHECK_EQUAL(10u, removed());
  input.trusts_clock = false;
  CHECK_EQUAL(0u, removed());
  input.mounts["/a"].settings.max_bytes = 4000;
  CHECK_EQUAL(6u, removed());
}

TEST(Retention, AnOpenFileBeyondItsOwnLimitTakesNothingFromOtherMounts) {
  FileRow open;
  open.from_ms = 9 * kHour;
  open.to_ms = 10 * kHour;
  open.bytes = 100'000;
  open.open = true;
  input.mounts["/full"].files =
      std::make_shared<const RecordedFiles>(std::make_shared<const std::vector<FileRow>>(), open);
  MountArchive& limits = input.mounts["/full"].settings;
  input.settings.total_bytes = 12'000;
  limits.storage_bytes = 2000;
  CHECK_EQUAL(0u, removed());
  limits.storage_bytes = 4000;
  CHECK_EQUAL(2u, removed());
  limits.storage_bytes.reset();
  limits.enabled = true;
  limits.max_bytes = 2000;
  CHECK_EQUAL(0u, removed());
}

TEST(Retention, FreesTheDisk) {
  input.settings.min_free_parts = 500;
  input.disk_bytes = 100'000;
  input.free_bytes = 3000;
  CHECK_EQUAL(2u, removed());
  input.disk_bytes = 0;
  CHECK_EQUAL(0u, removed());
}

TEST(Retention, NeverTakesTheFileThatIsWritten) {
  input.mounts["/a"].files = hours(0, 2, true);
  input.mounts["/a"].settings.max_bytes = 1;
  input.settings.total_bytes = 1;
  CHECK_EQUAL(1u, removed());
}
