// Checks of names that come from other servers.
// Thread: any; pure functions.
#pragma once

#include <string_view>

namespace lb {

// The id of a node: 1 to 64 letters, digits, '-', '_', '.'.
bool is_node_id(std::string_view id) noexcept;

// Whether a relay may publish under this name.
bool may_be_relayed_as(std::string_view mount) noexcept;

}  // namespace lb
