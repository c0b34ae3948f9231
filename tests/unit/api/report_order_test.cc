// Reports that no request asks for: their months, their names, and what makes no sense.
#include "api/report_order.h"

#include <set>
#include <string>

#include "api/request/record_book.h"
#include "audience/database.h"
#include "audience/merge.h"
#include "audience/report_month.h"
#include "audience/report_names.h"
#include "config/load/loader.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

// 2026-11-01 00:30 in Berlin is still October in UTC.
constexpr std::int64_t kNight = 1'793'489'400;

}  // namespace

TEST_GROUP(ReportOrder) {
  std::unique_ptr<Sqlite> database = *open_audience_database(":memory:");
  Config config;
  RecordBook book;
  Result<ApiAnswer> make(const std::string& report, const std::string& query,
                         std::int64_t now = kNight) {
    return make_report({report, query}, config, book, *database,
                       WallTime(std::chrono::seconds(now)));
  }
};

TEST(ReportOrder, TheMonthBeforeIsThatOfTheZone) {
  const auto berlin = *find_time_zone("Europe/Berlin");
  STRCMP_EQUAL("2026-10", report_month(kNight, *berlin, 1).name.c_str());
  STRCMP_EQUAL("2026-11-01", report_month(kNight, *berlin, 1).next.c_str());
  STRCMP_EQUAL("2026-09", report_month(kNight, TimeZone(), 1).name.c_str());
  STRCMP_EQUAL("2025-12-01", report_month(kNight, *berlin, 11).first.c_str());
  STRCMP_EQUAL("2026-01-01", report_month(kNight, *berlin, 11).next.c_str());
}
TEST(ReportOrder, TheConfigurationKnowsEachName) {
  const auto names = report_names();
  CHECK(std::set<std::string_view>(names.begin(), names.end()) ==
        std::set<std::string_view>(kAudienceReports.begin(), kAudienceReports.end()));
}
TEST(ReportOrder, AMonthHasAYearAndTwoDigits) {
  STRCMP_EQUAL("2027-01-01", parse_report_month("2026-12")->next.c_str());
  for (const char* wrong : {"", "2026", "2026-00", "2026-13", "26-10", "2026-1", "2026/10",
                            "2026-10-01", "1969-12", "2026-+1", "abcd-ef"})
    CHECK_TEXT(!parse_report_month(wrong), wrong);
}
TEST(ReportOrder, TheFileIsCalledByWhatItIsOf) {
  STRCMP_EQUAL("songs-2026-09-01_2026-10-01.csv", make("songs", "")->file.c_str());
  STRCMP_EQUAL("hours-2026-10-01_2026-11-01.csv",
               make("hours", "zone=Europe%2FBerlin")->file.c_str());
  STRCMP_EQUAL("ACME01102026-31102026_A.txt",
               make("soundexchange", "zone=Europe%2FBerlin&service=Acme")->file.c_str());
}
TEST(ReportOrder, WhatMakesNoSenseIsSaid) {
  STRCMP_CONTAINS("\"charts\" is not a report; there are: songs, playlist, soundexchange,",
                  make("charts", "").error().what.c_str());
  STRCMP_CONTAINS("zone", make("songs", "zone=Mars&from=1&to=2").error().what.c_str());
  CHECK(!make("songs", "zone=..%2F..%2Fetc%2Fpasswd"));
  CHECK(!make("soundexchange", ""));
  for (const char* empty : {"account=", "mount=", "columns="})
    STRCMP_CONTAINS("= is empty", make("playlist", empty).error().what.c_str());
  CHECK(!make("songs", "from=2026-10-02&to=2026-10-01"));
}
