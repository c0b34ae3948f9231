// What of a mount's past is open to all of its listeners.  A mount with authentication asks for its
// login at the stream itself: here nothing of it is open.
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

// Unix ms: nothing older is open; nullopt: nothing is.
std::optional<std::int64_t> open_past_begins(const Traffic& traffic, const Config& config,
                                             const std::string& mount);
// What is recorded and open, the oldest first.
std::vector<ArchiveRange> open_past(const Traffic& traffic, const Config& config,
                                    const std::string& mount);

}  // namespace lb
