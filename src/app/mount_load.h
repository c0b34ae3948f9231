// What a mount of this node is to a cluster: whether it is carried here, by how many people it is
// heard, and what one of them weighs.  One answer for links, posts, and this node's own row.
// Thread: any; reads atomics.
#pragma once

#include "stream/mount.h"

namespace lb {

// It plays, or is passed on to somebody who cannot be redirected.
bool is_carried(const Mount& mount) noexcept;
// Those here, without the servers among them.
unsigned people_of(const Mount& mount) noexcept;
// kbit/s; 0: not known yet.
double known_kbps(const Mount& mount) noexcept;
// kbit/s; a nominal listener's where it is not known yet.
double listener_kbps(const Mount& mount) noexcept;

}  // namespace lb
