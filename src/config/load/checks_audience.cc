// Checks of <audience>: no place for it; reports that could not be written, or would overwrite each
// other.
#include <algorithm>

#include "audience/report_names.h"
#include "base/cat.h"
#include "base/strings.h"
#include "base/time_zone.h"
#include "config/load/checks.h"
#include "config/schema/diagnostic.h"

namespace lb {
namespace {

std::string_view category_of(const AudienceReportSettings& report) {
  return report.category.empty() ? std::string_view("A") : std::string_view(report.category);
}

// The account and the mount in the name of the file.
std::string scope_of(const AudienceReportSettings& report) {
  std::string scope;
  for (const std::string& part : {report.account, report.mount})
    if (const std::string of = file_name_part(part); !of.empty()) scope += "-" + of;
  return scope;
}

bool have_one_file(const AudienceReportSettings& a, const AudienceReportSettings& b) {
  if (a.name != b.name || a.directory != b.directory || a.daily != b.daily) return false;
  if (a.name == "soundexchange")
    return service_name_part(a.service) == service_name_part(b.service) &&
           category_of(a) == category_of(b);
  return (a.account == "*") == (b.account == "*") && scope_of(a) == scope_of(b);
}

std::string unknown_report(const std::string& name) {
  std::string all;
  for (const std::string_view known : kAudienceReports)
    all += cat({all.empty() ? "" : ", ", known});
  const std::string_view near = nearest_word(name, kAudienceReports);
  return cat(
      {"there is no report ", quoted(name),
       near.empty() ? cat({" (there are: ", all, ")"}) : cat({" (did you mean ", near, "?)"})});
}

}  // namespace

void check_audience(const Config& config, Filler& filler) {
  if (config.audience.enabled && state_directory(config).empty())
    filler.report(filler.line_of("audience"), Severity::kWarning,
                  "<audience>: nothing is recorded, because there is no directory for it; name one "
                  "in <paths><state-dir> ($STATE_DIRECTORY, which systemd sets, is another way)");
  const auto& reports = config.audience.reports;
  for (std::size_t i = 0; i < reports.size(); ++i) {
    const AudienceReportSettings& report = reports[i];
    const int line = filler.line_of(cat({"audience/", numbered("report", i)}));
    const auto wrong = [&](std::string_view what) {
      filler.report(line, Severity::kError,
                    cat({"<audience><report>: ", what, "; nothing is written"}));
    };
    if (report.name.empty())
      wrong("it has no name; one is songs");
    else if (std::ranges::find(kAudienceReports, report.name) == kAudienceReports.end())
      wrong(unknown_report(report.name));
    if (!report.directory.starts_with('/')) wrong("its directory is not an absolute path");
    if (!find_time_zone(report.zone)) wrong(cat({"there is no time zone ", quoted(report.zone)}));
    if (report.name == "soundexchange" && report.service.empty())
      wrong("soundexchange needs the name of the service");
    if (report.name == "soundexchange" && report.account == "*")
      wrong("the files of soundexchange are named by the service, one for all accounts");
    if (report.name.starts_with("soundexchange") && report.country != "all" &&
        config.paths.geoipdb.empty())
      filler.report(line, Severity::kWarning,
                    cat({"<audience><report>: ", report.name, " has the listeners of ",
                         report.country.empty() ? std::string_view("US") : report.country,
                         " and no country is known where no server has a <paths><geoipdb>, so "
                         "its files have no rows; country=\"all\" has them all"}));
    if (report.name == "npr" && report.mount.empty())
      wrong("npr reports one mount, and <mount> is missing");
    if ((report.name == "npr" || report.name == "triton") &&
        config.audience.keep_addresses.count() == 0)
      wrong(cat({report.name, " needs addresses, and there is no <keep-addresses>"}));
    for (std::size_t j = 0; j < i; ++j)
      if (have_one_file(report, reports[j]))
        wrong(cat({"it has the file of number ", j + 1, "; it needs another directory"}));
  }
}

}  // namespace lb
