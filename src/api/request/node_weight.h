// The weight of a node as a record: its share of listeners, instead of the one in the configuration
// file.
// Thread: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace lb {

constexpr unsigned kMaxNodeWeight = 1000;

Result<unsigned> parse_node_weight(std::string_view json);
std::string node_weight_json(unsigned weight);

}  // namespace lb
