// A report of a month is written when its day has come, once, and a file that is there stays.
#include "api/due_report.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "api/request/record_book.h"
#include "audience/database.h"
#include "base/file.h"
#include "config/settings/config.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

constexpr std::int64_t kDay = 86'400;
constexpr std::int64_t kNovember = 1'793'487'600;  // 2026-11-01 00:00 in Berlin

}  // namespace

TEST_GROUP(DueReport) {
  std::unique_ptr<Sqlite> database = *open_audience_database(":memory:");
  Config config;
  RecordBook book;
  std::string directory;
  AudienceReportSettings report;
  void setup() override {
    char name[] = "/tmp/due_reportXXXXXX";
    directory = ::mkdtemp(name);
    report.name = "songs";
    report.directory = directory;
    report.zone = "Europe/Berlin";
    report.day = 3;
  }
  void teardown() override {
    for (const std::string month : {"09", "10", "11"}) ::unlink(path(month).c_str());
    CHECK(::rmdir(directory.c_str()) == 0);  // nothing else was left
  }
  std::string path(const std::string& month) const {
    const std::string next = month == "09" ? "10" : month == "10" ? "11" : "12";
    return directory + "/songs-2026-" + month + "-01_2026-" + next + "-01.csv";
  }
  Result<FiledReport> file(std::int64_t now) {
    return file_report(report, config, book, *database, WallTime(std::chrono::seconds(now)));
  }
};

TEST(DueReport, TheMonthBeforeIsDueWhenItsDayHasCome) {
  const auto due = [this](std::int64_t now) {
    return *due_month(report, WallTime(std::chrono::seconds(now)));
  };
  STRCMP_EQUAL("2026-09", due(kNovember).c_str());
  STRCMP_EQUAL("2026-09", due(kNovember + 2 * kDay - 1).c_str());
  STRCMP_EQUAL("2026-10", due(kNovember + 2 * kDay).c_str());
  STRCMP_EQUAL("2026-10", due(kNovember + 31 * kDay).c_str());
  STRCMP_EQUAL("2026-11", due(kNovember + 32 * kDay).c_str());
  report.day = 1;
  // The month's last listenings come within an hour.
  STRCMP_EQUAL("2026-09", due(kNovember + 3599).c_str());
  STRCMP_EQUAL("2026-10", due(kNovember + 3600).c_str());
  report.day = 28;
  STRCMP_EQUAL("2026-09", due(kNovember + 27 * kDay - 1).c_str());
  STRCMP_EQUAL("2026-10", due(kNovember + 27 * kDay).c_str());
}
TEST(DueReport, EachMonthIsWrittenOnceAndWhatIsThereStays) {
  const auto first = file(kNovember);
  CHECK(first.has_value());
  CHECK(first->is_new);
  STRCMP_EQUAL(path("09").c_str(), first->path.c_str());
  CHECK(replace_file(first->path, "filled in by hand").has_value());
  const auto again = file(kNovember + kDay);
  CHECK(again.has_value());
  CHECK(!again->is_new);
  STRCMP_EQUAL("filled in by hand", read_file(path("09"))->text.c_str());
  const auto next = file(kNovember + 2 * kDay);
  CHECK(next->is_new);
  STRCMP_EQUAL(path("10").c_str(), next->path.c_str());
  STRCMP_EQUAL("artist,title,country,performances\r\n", read_file(next->path)->text.c_str());
  struct stat facts {};
  CHECK(::stat(next->path.c_str(), &facts) == 0);
  LONGS_EQUAL(0640, facts.st_mode & 0777);
}
TEST(DueReport, DaysThatAServerHasMissedAreMadeUpFor) {
  report.daily = true;
  const auto day = [this](int days) { return file(kNovember + (days + 1) * kDay + 7200); };
  const auto wrote = [](const Result<FiledReport>& filed, const char* name) {
    CHECK(filed.has_value() && filed->is_new);
    STRCMP_EQUAL(name, filed->month.c_str());
    return filed->path;
  };
  // A new directory gets the day before only.
  std::vector<std::string> paths{wrote(day(0), "2026-11-01")};
  CHECK_FALSE(day(0)->is_new);
  for (const char* name : {"2026-11-02", "2026-11-03", "2026-11-04"})
    paths.push_back(wrote(day(3), name));
  CHECK_FALSE(day(3)->is_new);
  // After more than a week it goes on with the present.
  paths.push_back(wrote(day(20), "2026-11-21"));
  for (const std::string& one : paths) ::unlink(one.c_str());
}
// The days before are those of the zone: 29 March 2026 has 23 hours in Berlin.
TEST(DueReport, TheDayBeforeAShortDayIsMadeUpForToo) {
  constexpr std::int64_t kMonday = 1'774'821'600;  // 2026-03-30 00:00 in Berlin
  report.daily = true;
  std::vector<std::string> paths;
  for (const auto& [now, name] : {std::pair(kMonday - 2 * kDay + 2 * 3600, "2026-03-27"),
                                  {kMonday + 5400, "2026-03-28"},
                                  {kMonday + 5400, "2026-03-29"}}) {
    const auto filed = file(now);
    CHECK(filed.has_value() && filed->is_new);
    STRCMP_EQUAL(name, filed->month.c_str());
    paths.push_back(filed->path);
  }
  for (const std::string& one : paths) ::unlink(one.c_str());
}
TEST(DueReport, ADayThatWasTakenAwayIsNotFiledAgain) {
  report.daily = true;
  std::string last;
  const auto day = [&](int days) {
    const std::int64_t now = kNovember + (days + 1) * kDay + 7200;
    auto filed =
        file_report(report, config, book, *database, WallTime(std::chrono::seconds(now)), last);
    CHECK(filed.has_value());
    last = filed->month;
    return *std::move(filed);
  };
  const std::string left = day(0).path;  // nothing takes it away
  for (int i = 1; i < 6; ++i) {
    const FiledReport filed = day(i);
    CHECK(filed.is_new);
    STRCMP_EQUAL(("2026-11-0" + std::to_string(i + 1)).c_str(), filed.month.c_str());
    ::unlink(filed.path.c_str());
  }
  // Days that this process has missed come before the one that is due.
  for (const char* name : {"2026-11-07", "2026-11-08"}) {
    const FiledReport filed = day(7);
    STRCMP_EQUAL(name, filed.month.c_str());
    ::unlink(filed.path.c_str());
  }
  ::unlink(left.c_str());
}
TEST(DueReport, WhatCannotBeWrittenIsSaid) {
  report.directory = directory + "/none";
  STRCMP_CONTAINS("/none", file(kNovember).error().what.c_str());
  report.zone = "Mars";
  STRCMP_CONTAINS("Mars", file(kNovember).error().what.c_str());
  CHECK(!due_month(report, WallTime(std::chrono::seconds(kNovember))));
}
