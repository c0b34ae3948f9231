// The code of a recording (ISRC), as people write it: "DE-A12-34-56789".
// Thread: pure functions.
// Source: ISO 3901.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace lb {

// The code in capitals, without hyphens; nullopt: not an ISRC.
std::optional<std::string> isrc_of(std::string_view text);

}  // namespace lb
