// Elements that only Icecast 2.5 has, made into ours: roles, event bindings, relays inside a mount,
// addresses of upstreams.  What has no counterpart is reported, and never opens a mount: with roles
// that cannot be expressed, every listener is refused.
//
// Thread: one; part of a load.
// Source: Icecast 2.5's documented elements.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/load/filler.h"
#include "config/settings/config.h"

namespace lb {

// The authentication of a mount whose roles cannot be expressed.  No authenticator has this name,
// so that every listener is refused.
inline constexpr std::string_view kClosedByRoles = "role";

// The <role> and <event-bindings> that stand outside of mounts.  Events become the default mount's.
void adopt_global_asides(const std::vector<Filler::Aside>& asides, Config& config, Filler& filler);

// Those of a mount, and its <relay>.  path: of the mount.
void adopt_mount_asides(const std::vector<Filler::Aside>& asides, MountSettings& mount,
                        const std::string& path, Config& config, Filler& filler);

// Takes RelayUpstreamSettings::uri apart.  path: of the relay or host it stands in.
void adopt_uri(RelayUpstreamSettings& host, const std::string& path, Filler& filler);

}  // namespace lb
