// The origins of this server's pages, as browsers send them in Origin.  Other nodes accept sessions
// from there (doc/operators.md).
// Thread: a pure function.
#pragma once

#include <string>
#include <vector>

#include "config/settings/config.h"

namespace lb {

// <console origin>, then <public-address>, then <hostname> and bound addresses with their ports.
// Each once, the most certain first.
std::vector<std::string> own_origins(const Config& config);

}  // namespace lb
