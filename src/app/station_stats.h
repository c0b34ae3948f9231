// The stats document of this server: global counters, and one source a mount.
// Source of the names and forms: Icecast 2.4.4 (compat.md 5.4).
// Thread: any; reads atomics and snapshots.
#pragma once

#include "admin/stats_tree.h"
#include "app/services.h"

namespace lb {

StatsDocument make_stats(const Services& services);

}  // namespace lb
