// What a mount of this node is to a cluster: whether it is carried here, how many listeners it has
// without relays, and what one of them weighs.  One answer for links, posts, and this node's own
// row.
// Thread: any; reads atomics.
#pragma once

#include "stream/mount/mount.h"

namespace lb {

// It plays, or is passed on to a listener that cannot be redirected.
bool is_carried(const Mount& mount) noexcept;
// Those here, without the servers among them.
unsigned audience_at(const Mount& mount) noexcept;
// How many may be inside: <max-listeners>, and those that <max-bandwidth> leaves room for; -1: any
// number.
std::int64_t most_listeners(const Mount& mount) noexcept;
// Listeners that its own limits still let in; MountLoad::kUnlimited: it has none.
std::uint32_t free_places(const Mount& mount) noexcept;
// kbit/s; 0: not known yet.
double known_kbps(const Mount& mount) noexcept;
// kbit/s; a nominal listener's where it is not known yet.
double listener_kbps(const Mount& mount) noexcept;

}  // namespace lb
