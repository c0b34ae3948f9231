// ReportMonth: the month, or the day, of a report, in a time zone.
// Thread: pure functions.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time_zone.h"

namespace lb {

// A month of a zone: "2026-10", "2026-10-01", "2026-11-01".
struct ReportMonth {
  std::string name, first, next;
};
// The month that is months_ago before that of the day days_ago.
ReportMonth report_month(std::int64_t unix_seconds, const TimeZone& zone, int months_ago,
                         int days_ago = 0);
// The day before, or as many days before that: "2026-10-31", the same, "2026-11-01".
ReportMonth report_day(std::int64_t unix_seconds, const TimeZone& zone, int days_ago = 0);
// "2026-10-01"
std::string day_text(std::chrono::sys_days day);
// "2026-10"
Result<ReportMonth> parse_report_month(std::string_view text);

}  // namespace lb
