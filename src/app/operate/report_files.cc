#include "app/operate/report_files.h"

#include "api/audience/session_files.h"
#include "app/audience/audience_service.h"
#include "app/operate/record_service.h"
#include "app/services/event_service.h"
#include "app/services/services.h"
#include "base/cat.h"
#include "config/settings/config.h"

namespace lb {
namespace {

constexpr std::string_view kReportModule = "audience/report";

}  // namespace

ReportFiles::ReportFiles(Accounts& accounts)
    : accounts_(accounts), timer_(accounts.loops.control(), [this] { check(); }) {}

void ReportFiles::configure(const Config& config) {
  std::map<std::string, Told> before = std::exchange(told_, {});
  for (const AudienceReportSettings& report : config.audience.reports)
    told_[report_key(report)] = std::move(before[report_key(report)]);
  if (told_.empty())
    timer_.cancel();
  else
    timer_.after(kFirst);
}

void ReportFiles::check() {
  timer_.after(kEvery);
  AudienceService& audience = *accounts_.listenings;
  if (!audience.on()) return;
  const auto config = accounts_.config.read();
  for (const AudienceReportSettings& report : config->audience.reports) {
    if (audience.sends_up() && !is_session_report(report.name)) {
      complain(report, "the master that has the database of the audience writes it, not this one");
      continue;
    }
    Known known;
    for (const auto& [key, told] : told_) known[key] = told.month;
    const bool asked = audience.ask("", [this, report, config, known = std::move(known)](
                                            Sqlite* database, const std::string& why) {
      // A month that is not over would get a file that says it is, and none later.
      if (database != nullptr && !accounts_.listenings->trusts_clock())
        return accounts_.loops.control().post([this, report] { wait(report); });
      accounts_.loops.control().post([this, filed = file(report, known, *config, database, why)] {
        for (const auto& [one, result] : filed) written(one, result);
      });
    });
    if (!asked) return;  // the next check asks again
  }
}

ReportFiles::Filed ReportFiles::file(const AudienceReportSettings& report, const Known& known,
                                     const Config& config, Sqlite* database,
                                     const std::string& why) const {
  Filed filed;
  if (database == nullptr) {
    filed.emplace_back(report, Error::io(why));
    return filed;
  }
  const WallTime now = accounts_.clock.wall();
  const auto month = due_month(report, now);
  const auto records = accounts_.records->view();
  for (const AudienceReportSettings& one : reports_of(report, *records->book)) {
    if (filed.size() == kAtOnce) break;
    const auto told = known.find(report_key(one));
    const std::string last = told == known.end() ? std::string() : told->second;
    if (month && last == *month) continue;
    filed.emplace_back(one, file_report(one, config, *records->book, *database, now, last));
  }
  return filed;
}

void ReportFiles::written(const AudienceReportSettings& report, const Result<FiledReport>& filed) {
  if (!filed) return complain(report, filed.error().what);
  told_[report_key(report)].month = filed->month;
  if (!filed->is_new) return;
  const std::string rest =
      filed->rest.empty() ? "" : cat({"; ", filed->rest, " has what it leaves out, and why"});
  accounts_.log.info(kReportModule, cat({"the report ", report.name, " of ", filed->month,
                                         " has been written to ", filed->path, rest}));
  accounts_.events->publish(
      "report", report.name,
      {{"month", filed->month}, {"file", filed->path}, {"incomplete", filed->rest}});
}

void ReportFiles::wait(const AudienceReportSettings& report) {
  const auto month = due_month(report, accounts_.clock.wall());
  if ((month && told_[report_key(report)].month == *month) || !may_complain(report)) return;
  accounts_.log.warn(kReportModule,
                     cat({"the report ", report.name, " waits: the clock was set by more than ",
                          std::chrono::minutes(ClockTrust::kStep).count(),
                          " minutes, and is "
                          "trusted when it has been right for as long"}));
}

void ReportFiles::complain(const AudienceReportSettings& report, const std::string& what) {
  if (!may_complain(report)) return;
  accounts_.log.error(kReportModule, cat({"the report ", report.name, " was not written: ", what}));
  accounts_.events->publish("report-failed", report.name, {{"why", what}});
}

bool ReportFiles::may_complain(const AudienceReportSettings& report) {
  Told& told = told_[report_key(report)];
  const SteadyTime now = accounts_.clock.steady();
  if (told.has_complained && now - told.complained < kComplainEvery) return false;
  told.has_complained = true;
  told.complained = now;
  return true;
}

}  // namespace lb
