// The part of a mount's past that is open to all.  A mount with authentication checks logins at the
// stream itself, so its past is not open here.
//
// Thread: any.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "archive/files/catalog.h"

namespace lb {

struct Config;
struct Traffic;

// Unix ms: nothing older is open; nullopt: nothing is open.
std::optional<std::int64_t> open_past_begins(const Traffic& traffic, const Config& config,
                                             const std::string& mount);
// The recorded ranges that are open, the oldest first.
std::vector<ArchiveRange> open_past(const Traffic& traffic, const Config& config,
                                    const std::string& mount);

}  // namespace lb
