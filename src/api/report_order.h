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

#include "api/record_book.h"
#include "api/request.h"
#include "audience/sqlite.h"
#include "base/clock.h"
#include "base/time_zone.h"
#include "config/config.h"

namespace lb {

struct ReportOrder {
  std::string report;  // of report_names()
  std::string query;   // as that of the API; without from and to: of the month before
};
// "songs", "playlist", …: the end of the API's address of each.
std::vector<std::string_view> report_names();
// The answer has a name for the file.
Result<ApiAnswer> make_report(const ReportOrder& order, const Config& file, const RecordBook& book,
                              Sqlite& database, WallTime now);
void add_parameter(std::string& query, std::string_view name, std::string_view value);

// A month of a zone: "2026-10", "2026-10-01", "2026-11-01".
struct ReportMonth {
  std::string name, first, next;
};
// So many months before the one of the day that was so many days ago.
ReportMonth report_month(std::int64_t unix_seconds, const TimeZone& zone, int months_ago,
                         int days_ago = 0);
// The day before: "2026-10-31", the same, "2026-11-01".
ReportMonth report_day(std::int64_t unix_seconds, const TimeZone& zone);
// "2026-10"
Result<ReportMonth> parse_report_month(std::string_view text);

}  // namespace lb
