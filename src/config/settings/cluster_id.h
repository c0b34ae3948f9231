// The id of this node in a cluster: as it is configured, or else made from hostname and port.
// Thread: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "config/settings/config.h"

namespace lb {

// <cluster><id>; else made from hostname and port, or, where those say nothing, from the epoch.
std::string cluster_id(const Config& config, std::string_view epoch);

// No other machine reaches this one by it.
bool names_no_machine(const std::string& hostname);
// As a part of an id: what an id may not have is a dash.
std::string id_word(std::string_view text);

}  // namespace lb
