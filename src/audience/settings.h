// Settings of <audience>, and of its <report>s.
// Thread: plain values.
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace lb {

// A report of each month that is written to a file.
struct AudienceReportSettings {
  std::string name;       // "songs", as that of the API
  std::string directory;  // for the files
  bool daily = false;     // of each day, not of each month
  int day = 2;            // of the month after it, when it is written
  std::string zone = "UTC";
  std::string mount, account;              // "": all
  std::string service, category, country;  // of soundexchange; "": not said
  std::string columns;                     // of playlist; "": not said

  bool operator==(const AudienceReportSettings&) const = default;
};

struct AudienceSettings {
  bool enabled = false;  // the element is there
  std::string database;  // "": audience.db in the state directory
  std::chrono::seconds window{60};
  std::chrono::seconds keep_sessions{400 * 86'400};
  std::chrono::seconds keep_addresses{0};  // 0: none is kept

  std::vector<AudienceReportSettings> reports;

  bool operator==(const AudienceSettings&) const = default;
};

}  // namespace lb
