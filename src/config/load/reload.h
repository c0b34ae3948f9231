// Reload plan: the differences between the configuration in use and a new one, and when each takes
// effect.  SIGHUP logs it.
// Thread: pure function.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "config/schema/schema.h"
#include "config/settings/config.h"

namespace lb {

struct Change {
  enum class Kind : std::uint8_t { kValue, kAdded, kRemoved };
  Kind kind = Kind::kValue;
  std::string path;  // "limits/clients", "mount[/live]/hidden", "listen-socket[2]"
  std::string from;  // of a value; passwords are hidden
  std::string to;
  ReloadClass reload = ReloadClass::kLive;
};

// In the order of the schema.  Mounts are matched by name, sockets by position.  An inherited value
// is reported once, at mount[default].
std::vector<Change> reload_plan(const Config& old, const Config& next);
// Only for these mounts, which have or had sections with exactly their names.
std::vector<Change> reload_plan(const Config& old, const Config& next,
                                std::span<const std::string> mounts);

// `next` with the id of this node and the state directory in `old`: records name the id, and a link
// has its name for as long as the process runs; what is in use is kept in that directory.  changes:
// gets the changes that wait for a restart.
std::shared_ptr<const Config> keep_of_start(const Config& old, std::shared_ptr<const Config> next,
                                            std::vector<Change>& changes);

// "limits/clients 100→200 live", "listen-socket[2] added needs restart"
std::string to_string(const Change& change);

// "live", "live, running sources too", "for new connections", "needs restart"
std::string_view to_string(ReloadClass reload);

}  // namespace lb
