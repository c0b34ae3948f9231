// ReportOrder: a report of the audience for the command line or a day of the month: an
// administrator's answer of the API, as CSV or in its own format.
// Source: doc/audience.md.
// Thread: the database's; otherwise pure functions.
// Bounds: kMaxReportLines of audience_plans.h: larger reports are refused.
// Errors: kInvalid: an invalid order; otherwise the database's.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/request/request.h"
#include "audience/sqlite.h"
#include "base/clock.h"

namespace lb {

struct Config;
class RecordBook;

struct ReportOrder {
  std::string report;  // of report_names()
  std::string query;   // parameters as for the API; without from and to: the last month
};
// "songs", "playlist", …: the ends of their API addresses.
std::vector<std::string_view> report_names();
// The answer names the file.
Result<ApiAnswer> make_report(const ReportOrder& order, const Config& file, const RecordBook& book,
                              Sqlite& database, WallTime now);
// The rows that the report leaves out, for a file of their own, "FILE-incomplete.csv" beside this
// path; body "": none.
struct ReportRest {
  std::string path, body;
};
Result<ReportRest> make_rest(const ReportOrder& order, const std::string& path, const Config& file,
                             const RecordBook& book, Sqlite& database, WallTime now);
void add_parameter(std::string& query, std::string_view name, std::string_view value);

}  // namespace lb
