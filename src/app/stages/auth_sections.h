// What the configuration says to the authenticators (auth/authenticators.h).
// Thread: pure functions.
#pragma once

#include <vector>

#include "auth/authenticators.h"
#include "config/config.h"

namespace lb {

std::vector<AuthSection> auth_sections(const Config& config);
AuthServer auth_server(const Config& config);

}  // namespace lb
