// The mount that a request would hear, and whether it asks to hear one at all.
// Thread: any.
// Source: Icecast 2.4.4 for fallbacks; AppleCoreMedia's requests.
#pragma once

#include <memory>
#include <string>

#include "http/message.h"
#include "stream/mount/mount.h"

namespace lb {

struct Config;
struct Network;

// The mount itself, or the first live one of its fallback chain; null: none.
std::shared_ptr<Mount> playing_mount(const Network& network, const Config& config,
                                     const std::string& path, bool idle_too = true);

// Safari asks for the first two bytes before it plays and wants them as a part; other users of
// AppleCoreMedia lose their titles when they get one.
bool is_safari_probe(const Request& request);

}  // namespace lb
