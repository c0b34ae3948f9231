// Settings of <audience>.
// Thread: plain values.
#pragma once

#include <chrono>
#include <string>

namespace lb {

struct AudienceSettings {
  bool enabled = false;  // the element is there
  std::string database;  // "": audience.db in the state directory
  std::chrono::seconds window{60};
  std::chrono::seconds keep_sessions{400 * 86'400};

  bool operator==(const AudienceSettings&) const = default;
};

}  // namespace lb
