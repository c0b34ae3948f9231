#include "app/station/report_files.h"

#include <utility>

#include "app/services/audience_service.h"
#include "app/services/event_service.h"
#include "app/station/record_service.h"
#include "base/cat.h"

namespace lb {
namespace {

constexpr std::string_view kReportModule = "audience/report";

}  // namespace

ReportFiles::ReportFiles(Services& services)
    : services_(services), timer_(services.loops.control(), [this] { look(); }) {}

void ReportFiles::configure(const Config& config) {
  std::map<std::string, Told> before = std::exchange(told_, {});
  for (const AudienceReportSettings& report : config.audience.reports)
    told_[report_key(report)] = std::move(before[report_key(report)]);
  if (told_.empty())
    timer_.cancel();
  else
    timer_.after(kFirst);
}

void ReportFiles::look() {
  timer_.after(kEvery);
  AudienceService& audience = *services_.listenings;
  if (!audience.on()) return;
  const auto config = services_.config.read();
  for (const AudienceReportSettings& report : config->audience.reports) {
    if (audience.sends_up()) {
      complain(report, "the master that has the database of the audience writes it, not this one");
      continue;
    }
    const bool asked = audience.ask([this, report, config, known = told_[report_key(report)].month](
                                        Sqlite* database, const std::string& why) {
      auto filed = file(report, known, *config, database, why);
      services_.loops.control().post(
          [this, report, filed = std::move(filed)] { written(report, filed); });
    });
    if (!asked) return;  // the next look asks again
  }
}

// known: the month whose file is there.
Result<FiledReport> ReportFiles::file(const AudienceReportSettings& report,
                                      const std::string& known, const Config& config,
                                      Sqlite* database, const std::string& why) const {
  if (database == nullptr) return Error::io(why);
  const WallTime now = services_.clock.wall();
  if (const auto month = due_month(report, now); month && *month == known)
    return FiledReport{known, "", false};
  return file_report(report, config, *services_.records->view()->book, *database, now);
}

void ReportFiles::written(const AudienceReportSettings& report, const Result<FiledReport>& filed) {
  if (!filed) return complain(report, filed.error().what);
  const auto told = told_.find(report_key(report));
  if (told == told_.end()) return;  // it is configured no more
  told->second.month = filed->month;
  if (!filed->is_new) return;
  services_.log.info(kReportModule, cat({"the report ", report.name, " of ", filed->month,
                                         " has been written to ", filed->path}));
  services_.events->publish("report", report.name,
                            {{"month", filed->month}, {"file", filed->path}});
}

void ReportFiles::complain(const AudienceReportSettings& report, const std::string& what) {
  Told& told = told_[report_key(report)];
  const SteadyTime now = services_.clock.steady();
  if (told.has_complained && now - told.complained < kComplainEvery) return;
  told.has_complained = true;
  told.complained = now;
  services_.log.error(kReportModule, cat({"the report ", report.name, " was not written: ", what}));
  services_.events->publish("report-failed", report.name, {{"why", what}});
}

}  // namespace lb
