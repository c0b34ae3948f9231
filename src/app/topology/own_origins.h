// Where browsers open the pages of this server: what they send as Origin.  Other nodes take
// sessions over from there (doc/operators.md).
// Thread: a pure function.
#pragma once

#include <string>
#include <vector>

#include "config/settings/config.h"

namespace lb {

// <console origin>; then <public-address>; then <hostname>, and addresses that sockets are bound
// to, with their ports.  Each once, the most certain one first.
std::vector<std::string> own_origins(const Config& config);

}  // namespace lb
