// DueReport: a report of a month, or of a day, that is written to a file when its day has come.
//
// Its name says what it is of, and a file that is there is left as it is.
// Thread: that of the audience's database; due_month() any that may read a small file.
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

// What makes it another one.
std::string report_key(const AudienceReportSettings& report);
// account="*": one for each account.
constexpr std::string_view kEachAccount = "*";
std::vector<AudienceReportSettings> reports_of(const AudienceReportSettings& report,
                                               const RecordBook& book);
// "2026-10": the month before the last one of its days that has come; of a daily one
// "2026-10-31", the day before.
Result<std::string> due_month(const AudienceReportSettings& report, WallTime now);

struct FiledReport {
  std::string month, path;
  bool is_new = false;  // false: the file was there
  std::string rest;     // the file of what is left out (make_rest()); "": nothing is
};
Result<FiledReport> file_report(const AudienceReportSettings& report, const Config& file,
                                const RecordBook& book, Sqlite& database, WallTime now);

}  // namespace lb
