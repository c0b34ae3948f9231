// The id of this node in a cluster: the configured one, or one made from hostname and port.
// Thread: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "config/settings/config.h"

namespace lb {

// <cluster><id>; otherwise made of hostname and port, or of the epoch if they identify nothing.
std::string cluster_id(const Config& config, std::string_view epoch);

// Whether no other machine can reach this one by the name.
bool names_no_machine(const std::string& hostname);
// The text as part of an id: invalid characters become dashes.
std::string id_word(std::string_view text);

}  // namespace lb
