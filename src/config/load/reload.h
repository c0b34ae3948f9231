// Reload plan: what differs between the configuration in use and the one just read, and when each
// difference takes effect.  SIGHUP prints it.
// Thread: pure function.
#pragma once

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

// In the order of the schema.  Mounts are matched by name, sockets by position.  A value that a
// mount merely inherits is reported once, at mount[default].
std::vector<Change> reload_plan(const Config& old, const Config& next);
// Of these mounts alone, which have sections with exactly their names, or had.
std::vector<Change> reload_plan(const Config& old, const Config& next,
                                std::span<const std::string> mounts);

// "limits/clients 100→200 live", "listen-socket[2] added needs restart"
std::string to_string(const Change& change);

// "live", "live, running sources too", "for new connections", "needs restart"
std::string_view to_string(ReloadClass reload);

}  // namespace lb
