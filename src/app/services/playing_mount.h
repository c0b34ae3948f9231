// The mount that a request would hear.
// Thread: any.
// Source: Icecast 2.4.4 for fallbacks.
#pragma once

#include <memory>
#include <string>

#include "stream/mount/mount.h"

namespace lb {

struct Config;
struct Network;

// The mount itself, or the first live mount of its fallback chain; null: neither plays.
std::shared_ptr<Mount> playing_mount(const Network& network, const Config& config,
                                     const std::string& path, bool idle_too = true);

}  // namespace lb
