// ReportFiles: writes the <report>s of <audience> into their directories on their day of the month.
//
// Each minute it checks whether last month's reports are due.  An existing file is never written
// again, to keep manual additions.  A file gets its name when it is complete.  A server that sends
// its rows to a master writes no reports, as that master has the database.
// Thread: control; reports on the thread of the audience's database.
// Ownership: Services.
// Errors: logged and published, at most once an hour for each report; retried each minute.
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
  // The months whose files exist, by report_key().
  using Known = std::map<std::string, std::string>;
  using Filed = std::vector<std::pair<AudienceReportSettings, Result<FiledReport>>>;
  static constexpr std::size_t kAtOnce = 20;  // reports; rows and requests go between
  struct Told {
    std::string month;  // of the file written or found
    SteadyTime complained{};
    bool has_complained = false;
  };
  void check();
  Filed file(const AudienceReportSettings& report, const Known& known, const Config& config,
             Sqlite* database, const std::string& why) const;
  void written(const AudienceReportSettings& report, const Result<FiledReport>& filed);
  // The clock is not trusted.
  void wait(const AudienceReportSettings& report);
  void complain(const AudienceReportSettings& report, const std::string& what);
  bool may_complain(const AudienceReportSettings& report);

  Accounts& accounts_;
  std::map<std::string, Told> told_;  // by report_key()
  Timer timer_;
};

}  // namespace lb
