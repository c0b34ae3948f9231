// The configuration as the authenticators take it (auth/listener/authenticators.h).
// Thread: pure functions.
#pragma once

#include <vector>

#include "auth/listener/authenticators.h"

namespace lb {

struct Config;

std::vector<AuthSection> auth_sections(const Config& config);
AuthServer auth_server(const Config& config);

}  // namespace lb
