// The load of a mount of this node: whether it is carried, its listeners without relays, and the
// bandwidth of one.  Used for links, for posted reports and for this node's own row.
// Thread: any; reads atomics.
#pragma once

#include "stream/mount/mount.h"

namespace lb {

// The mount plays, or is passed through to a listener that cannot be redirected.
bool is_carried(const Mount& mount) noexcept;
// Listeners here, without relaying servers.
unsigned audience_at(const Mount& mount) noexcept;
// The limit of listeners, by <max-listeners> and <max-bandwidth>; -1: unlimited.
std::int64_t most_listeners(const Mount& mount) noexcept;
// Free places by the mount's own limits; MountLoad::kUnlimited: no limit.
std::uint32_t free_places(const Mount& mount) noexcept;
// kbit/s; 0: unknown yet.
double known_kbps(const Mount& mount) noexcept;
// kbit/s; a nominal rate while unknown.
double listener_kbps(const Mount& mount) noexcept;

}  // namespace lb
