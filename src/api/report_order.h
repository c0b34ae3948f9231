// ReportOrder: a report of the audience that no request asks for: the command line does, or a day
// of the month.  It is what the API answers an administrator, as CSV or in the form of its kind.
// Source: doc/audience.md.
// Thread: that of the audience's database; pure functions besides.
// Bounds: kMaxReportLines of audience_plans.h: a report that has more is refused.
// Errors: kInvalid: the order makes no sense; else those of the database.
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
  std::string query;   // as that of the API; without from and to: of the month before
};
// "songs", "playlist", …: the end of the API's address of each.
std::vector<std::string_view> report_names();
// The answer has a name for the file.
Result<ApiAnswer> make_report(const ReportOrder& order, const Config& file, const RecordBook& book,
                              Sqlite& database, WallTime now);
// What the report leaves out and is a file of its own, "FILE-incomplete.csv" beside this path; a
// body of "": nothing is left out.
struct ReportRest {
  std::string path, body;
};
Result<ReportRest> make_rest(const ReportOrder& order, const std::string& path, const Config& file,
                             const RecordBook& book, Sqlite& database, WallTime now);
void add_parameter(std::string& query, std::string_view name, std::string_view value);

}  // namespace lb
