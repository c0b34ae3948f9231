#include <fcntl.h>
#include <utime.h>

#include <filesystem>

#include "archive/files/retention.h"
#include "archive/fixture.h"

using namespace lb;
using namespace lb::test;

namespace {

constexpr std::int64_t kDay = 1'795'132'800'000;  // 2026-11-20 00:00:00 UTC
constexpr std::int64_t kDayMs = 86'400'000;

}  // namespace

TEST_GROUP(GoneFiles) {
  TemporaryDirectory dir;
  UniqueFd lock{::open((dir.path() + "/.lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)};
  std::vector<FileRow> rows;
  std::unique_ptr<GoneFiles> gone = std::make_unique<GoneFiles>(dir.path(), lock.get());

  void setup() override {
    for (const std::int64_t from : {kDay, kDay + 300'000, kDay + kDayMs, kDay + kDayMs + 300'000})
      make(from);
  }
  std::string directory(const FileRow& row) const {
    return dir.path() + "/%2Fa%2Emp3/" + archive_day(row.from_ms / 1000);
  }
  std::string path(const FileRow& row) const {
    return directory(row) + "/" + to_string(row.name());
  }
  void make(std::int64_t from) {
    FileRow row;
    row.from_ms = from;
    row.to_ms = from + 300'000;
    row.bytes = 1;
    row.origin = static_cast<std::uint64_t>(from - kDay);
    std::filesystem::create_directories(directory(row));
    for (const char* part : {".data", ".idx"}) std::ofstream(path(row) + part) << "x";
    rows.push_back(row);
  }
  std::vector<FileRow> check() {
    return gone->check("/a.mp3",
                       {std::make_shared<const std::vector<FileRow>>(rows), std::nullopt});
  }
};

TEST(GoneFiles, NothingIsGoneWhereEverythingIsThere) {
  CHECK(gone->is_there());
  CHECK(check().empty());
  CHECK(check().empty());
}
TEST(GoneFiles, AFileWithoutOneOfItsPartsIsGone) {
  CHECK(check().empty());
  for (const std::size_t i : {0u, 3u}) {
    std::filesystem::remove(path(rows[i]) + (i == 0 ? ".idx" : ".data"));
    // However coarse the clock of the file system is.
    const utimbuf later{1, static_cast<time_t>(1000 + i)};
    ::utime(directory(rows[i]).c_str(), &later);
    const auto found = check();
    LONGS_EQUAL(1, found.size());
    CHECK(found[0] == rows[i]);
    rows[i].from_ms = rows[i].to_ms = 0;
    rows.erase(rows.begin() + static_cast<std::ptrdiff_t>(i));
    make(i == 0 ? kDay + 600'000 : kDay + kDayMs + 600'000);
    std::sort(rows.begin(), rows.end(),
              [](const FileRow& a, const FileRow& b) { return a.from_ms < b.from_ms; });
    CHECK(check().empty());
  }
}
TEST(GoneFiles, ADayAndAMountThatWereRemovedAreGone) {
  CHECK(check().empty());
  std::filesystem::remove_all(directory(rows[0]));
  auto found = check();
  LONGS_EQUAL(2, found.size());
  CHECK(found[0] == rows[0]);
  CHECK(found[1] == rows[1]);
  std::filesystem::remove_all(dir.path() + "/%2Fa%2Emp3");
  LONGS_EQUAL(4, check().size());
}
TEST(GoneFiles, WhatIsSuspectIsReadAgain) {
  CHECK(check().empty());
  struct stat before {};
  ::stat(directory(rows[0]).c_str(), &before);
  std::filesystem::remove(path(rows[0]) + ".data");
  const utimbuf as_it_was{before.st_atime, before.st_mtime};
  ::utime(directory(rows[0]).c_str(), &as_it_was);
  gone->suspect("/a.mp");
  gone->suspect("/a.mp3");
  LONGS_EQUAL(1, check().size());
}
TEST(GoneFiles, AnotherArchiveInItsPlaceTellsNothing) {
  std::filesystem::rename(dir.path() + "/.lock", dir.path() + "/.other");
  CHECK(!gone->is_there());
  std::ofstream(dir.path() + "/.lock") << "";
  CHECK(!gone->is_there());
  std::filesystem::rename(dir.path() + "/.other", dir.path() + "/.lock");
  CHECK(gone->is_there());
}
