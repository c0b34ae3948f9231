// ReportFiles: writes the <report>s of <audience> into their directories, by a day of the month.
//
// Once a minute the month before is due where its day has come; a report whose file is there is
// never written again, so that what was filled in by hand stays.  The file gets its name when it is
// whole.  A server that sends its rows to a master writes none: that one has the database.
// Thread: control; reports on the thread of the audience's database.
// Ownership: Services.
// Errors: logged, and told as an event, at most once an hour for each report; tried each minute.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "api/due_report.h"
#include "net/loop/loop.h"

namespace lb {

struct Accounts;
struct Config;

class ReportFiles {
 public:
  static constexpr std::chrono::seconds kFirst{1}, kEvery{60};
  static constexpr std::chrono::hours kComplainEvery{1};

  explicit ReportFiles(Accounts& accounts);
  void configure(const Config& config);
  void stop() { timer_.cancel(); }

 private:
  // The months whose files are there, by report_key().
  using Known = std::map<std::string, std::string>;
  using Filed = std::vector<std::pair<AudienceReportSettings, Result<FiledReport>>>;
  static constexpr std::size_t kAtOnce = 20;  // reports; rows and requests go between
  struct Told {
    std::string month;  // that is written, or was there
    SteadyTime complained{};
    bool has_complained = false;
  };
  void check();
  Filed file(const AudienceReportSettings& report, const Known& known, const Config& config,
             Sqlite* database, const std::string& why) const;
  void written(const AudienceReportSettings& report, const Result<FiledReport>& filed);
  void complain(const AudienceReportSettings& report, const std::string& what);

  Accounts& accounts_;
  std::map<std::string, Told> told_;  // by report_key()
  Timer timer_;
};

}  // namespace lb
