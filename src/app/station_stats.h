// The stats document of this server: global counters, and one source a mount.
// Source of the names and forms: Icecast 2.4.4 (compat.md 5.4).
// Thread: any; reads atomics and snapshots, and what control has said about the rest of a cluster.
#pragma once

#include <vector>

#include "admin/stats_tree.h"
#include "app/services.h"

namespace lb {

struct ListenersElsewhere;

StatsDocument make_stats(const Services& services, const ListenersElsewhere& elsewhere);
// The mounts of the configuration that have no source, but a fallback that plays.
// files_too: a file counts as playing.
std::vector<MountSettings> mounts_on_fallback(const Services& services, const Config& config,
                                              bool files_too);

}  // namespace lb
