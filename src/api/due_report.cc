#include "api/due_report.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "api/request/record_book.h"
#include "audience/report_month.h"
#include "base/cat.h"
#include "base/file.h"
#include "config/settings/config.h"

namespace lb {
namespace {

// A server that was off for longer does not make up for it.
constexpr int kMissedDays = 7;

// days_ago: days of the zone before the one that is due, of a daily report.
Result<ReportMonth> month_of(const AudienceReportSettings& report, WallTime now, int days_ago = 0) {
  const auto zone = find_time_zone(report.zone);
  if (!zone) return Error::invalid(cat({"zone ", report.zone, ": ", zone.error().what}));
  // The listenings of a day's end are in the database an hour later.
  const std::int64_t complete = unix_seconds(now) - 3600;
  if (report.daily) return report_day(complete, **zone, days_ago);
  return report_month(report.day == 1 ? complete : unix_seconds(now), **zone, 1, report.day - 1);
}

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

// How many days before the due one lies the first day without a file: behind the last one filed, or
// if that is not known, behind the newest file; 0: none is missing, or the directory has no file of
// these days.  A file that was filed and is gone was taken away.
int missed_days(const AudienceReportSettings& report, const ReportMonth& due,
                const std::string& path, WallTime now, const std::string& last) {
  for (int ago = 1; report.daily && ago <= kMissedDays + 1; ++ago) {
    const auto older = month_of(report, now, ago);
    if (!older) break;
    if (!last.empty()) {
      if (older->name <= last) return ago - 1;
      continue;
    }
    std::string of_older = path;
    for (const auto& [from, to] : {std::pair(due.first, older->first), {due.next, older->next}})
      if (const auto at = of_older.rfind(from); at != std::string::npos && at >= path.rfind('/'))
        of_older.replace(at, from.size(), to);
    if (of_older != path && exists(of_older)) return ago - 1;
  }
  return 0;
}

}  // namespace

std::string report_key(const AudienceReportSettings& report) {
  std::string key = report.name + (report.daily ? "\ndaily" : "");
  for (const std::string* part :
       {&report.directory, &report.zone, &report.mount, &report.account, &report.service,
        &report.category, &report.country, &report.columns})
    key += '\n' + *part;
  return key;
}

std::vector<AudienceReportSettings> reports_of(const AudienceReportSettings& report,
                                               const RecordBook& book) {
  if (report.account != kEachAccount) return {report};
  std::vector<AudienceReportSettings> reports;
  for (const auto& [id, row] : book.accounts()) {
    reports.push_back(report);
    reports.back().account = id;
  }
  return reports;
}

Result<std::string> due_month(const AudienceReportSettings& report, WallTime now) {
  const auto month = month_of(report, now);
  if (!month) return month.error();
  return month->name;
}

Result<FiledReport> file_report(const AudienceReportSettings& report, const Config& file,
                                const RecordBook& book, Sqlite& database, WallTime now,
                                const std::string& last, int days_ago) {
  const auto month = month_of(report, now, days_ago);
  if (!month) return month.error();
  ReportOrder order{report.name, ""};
  const struct {
    std::string_view name;
    const std::string& value;
  } parameters[] = {
      {"from", month->first},        {"to", month->next},         {"zone", report.zone},
      {"mount", report.mount},       {"account", report.account}, {"service", report.service},
      {"category", report.category}, {"country", report.country}, {"columns", report.columns}};
  for (const auto& [name, value] : parameters)
    if (!value.empty()) add_parameter(order.query, name, value);
  const auto made = make_report(order, file, book, database, now);
  if (!made) return made.error();
  FiledReport filed{month->name, cat({report.directory, "/", made->file}), false, {}};
  if (exists(filed.path)) return filed;
  if (const int missed = days_ago == 0 ? missed_days(report, *month, filed.path, now, last) : 0;
      missed > 0)
    return file_report(report, file, book, database, now, last, missed);
  const auto rest = make_rest(order, filed.path, file, book, database, now);
  if (!rest) return rest.error();
  // An older file of omitted rows belongs to a report that was deleted.
  if (rest->body.empty() && !rest->path.empty()) ::unlink(rest->path.c_str());
  if (!rest->body.empty()) {
    if (const auto written = replace_file(rest->path, rest->body, {.mode = 0640}); !written)
      return written.error();
    filed.rest = rest->path;
  }
  // The file is complete before it gets its name, and link() never replaces an existing file.
  const std::string whole = cat({report.directory, "/.", made->file, ".whole"});
  if (const auto written = replace_file(whole, made->body, {.mode = 0640}); !written)
    return written.error();
  filed.is_new = ::link(whole.c_str(), filed.path.c_str()) == 0;
  const int failure = filed.is_new ? 0 : errno;
  ::unlink(whole.c_str());
  if (failure != 0 && failure != EEXIST)
    return Error::io(cat({filed.path, ": cannot be created: ", std::strerror(failure)}));
  return filed;
}

}  // namespace lb
