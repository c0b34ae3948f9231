// DueReport: a monthly or daily report that is written to a file on its day.
//
// The file name identifies the contents, and an existing file is not changed.
// Thread: the database's; due_month() on any that may read a small file.
// Errors: a sentence: of the order, of the database, of the directory.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/report_order.h"
#include "audience/settings.h"

namespace lb {

struct Config;
class RecordBook;

// Two reports with one key are the same.
std::string report_key(const AudienceReportSettings& report);
// account="*": one for each account.
constexpr std::string_view kEachAccount = "*";
std::vector<AudienceReportSettings> reports_of(const AudienceReportSettings& report,
                                               const RecordBook& book);
// "2026-10": the month before the latest due day; for a daily report "2026-10-31", the day before.
Result<std::string> due_month(const AudienceReportSettings& report, WallTime now);

struct FiledReport {
  std::string month, path;
  bool is_new = false;  // false: the file existed
  std::string rest;     // the file of omitted rows (make_rest()); "": none
};
// A daily report is first written for the days of the last week that are missing: each call writes
// one of them.  last: the FiledReport::month of the call before; "": not known.  days_ago: of a
// missing day, for its own use.
Result<FiledReport> file_report(const AudienceReportSettings& report, const Config& file,
                                const RecordBook& book, Sqlite& database, WallTime now,
                                const std::string& last = {}, int days_ago = 0);

}  // namespace lb
