// Settings of <audience>, and of its <report>s.
// Thread: plain values.
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace lb {

// A monthly report that is written to a file.
struct AudienceReportSettings {
  std::string name;       // "songs", the API's name
  std::string directory;  // for the files
  bool daily = false;     // each day instead of each month
  int day = 2;            // of the following month, when it is written
  std::string zone = "UTC";
  std::string mount, account;              // "": all
  std::string service, category, country;  // of soundexchange; "": not given
  std::string columns;                     // of playlist; "": not given

  bool operator==(const AudienceReportSettings&) const = default;
};

struct AudienceSettings {
  bool enabled = false;  // the element is there
  std::string database;  // "": audience.db in the state directory
  std::chrono::seconds window{60};
  std::chrono::seconds keep_sessions{400 * 86'400};
  std::chrono::seconds keep_addresses{0};  // 0: no addresses are kept

  std::vector<AudienceReportSettings> reports;

  bool operator==(const AudienceSettings&) const = default;
};

}  // namespace lb
