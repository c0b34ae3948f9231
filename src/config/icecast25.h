// What Icecast 2.5 says in a way of its own, made into what we have: roles, event bindings, relays
// inside a mount, addresses of upstreams.  What has no counterpart is reported, and never opens a
// mount: with roles that cannot be expressed, nobody may listen.
//
// Thread: one; part of a load.
// Source: Icecast 2.5's documented elements (compat.md 7.8).
#pragma once

#include <string>
#include <vector>

#include "config/config.h"
#include "config/filler.h"

namespace lb {

// The <role> and <event-bindings> that stand outside of mounts.  Events become the default mount's.
void adopt_global_asides(const std::vector<Filler::Aside>& asides, Config& config, Filler& filler);

// Those of a mount, and its <relay>.  path: of the mount.
void adopt_mount_asides(const std::vector<Filler::Aside>& asides, MountSettings& mount,
                        const std::string& path, Config& config, Filler& filler);

// Takes RelayHost::uri apart.  path: of the relay or host it stands in.
void adopt_uri(RelayHost& host, const std::string& path, Filler& filler);

}  // namespace lb
