// Records of stations, laid over a configuration whose mounts are laid already.
//
// A station of an account shows mounts of that account alone: one that has gone, stands in the
// file, or is another account's by now is left out, and comes back by itself.  A <station> of the
// file hides the record of its id.
// Thread: pure functions.  Costs by the records that differ, and by those that name a mount that
// does.
#pragma once

#include <set>
#include <string>

#include "config/settings/config.h"

namespace lb {

// before: the records that config.book was made from.  mounts: whose sections may have changed.
void lay_stations(Config& config, const StationRecords& before,
                  const std::set<std::string>& mounts);

}  // namespace lb
