// Checks of <audience>: reports that could not be written, or would overwrite each other.
#include "base/cat.h"
#include "base/time_zone.h"
#include "config/load/checks.h"

namespace lb {
namespace {

bool have_one_file(const AudienceReportSettings& a, const AudienceReportSettings& b) {
  if (a.name != b.name || a.directory != b.directory || a.daily != b.daily) return false;
  return a.name == "soundexchange" ? a.service == b.service
                                   : a.mount == b.mount && a.account == b.account;
}

}  // namespace

void check_audience(const Config& config, Filler& filler) {
  const auto& reports = config.audience.reports;
  for (std::size_t i = 0; i < reports.size(); ++i) {
    const AudienceReportSettings& report = reports[i];
    const int line = filler.line_of(cat({"audience/", numbered("report", i)}));
    const auto wrong = [&](std::string_view what) {
      filler.report(line, Severity::kError,
                    cat({"<audience><report>: ", what, "; nothing is written"}));
    };
    if (report.name.empty()) wrong("it has no name; one is songs");
    if (!report.directory.starts_with('/')) wrong("its directory is not an absolute path");
    if (!find_time_zone(report.zone)) wrong(cat({"there is no time zone ", quoted(report.zone)}));
    if (report.name == "soundexchange" && report.service.empty())
      wrong("soundexchange needs the name of the service");
    if (report.name == "soundexchange" && report.account == "*")
      wrong("the files of soundexchange are named by the service, one for all accounts");
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
