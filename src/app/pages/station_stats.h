// The stats document of this server: global counters, and one source a mount.
// Source of the names and forms: Icecast 2.4.4.
// Thread: any; reads atomics, snapshots, and control's numbers of the rest of a cluster.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "admin/page/stats_tree.h"
#include "stream/mount/mount_table.h"

namespace lb {

class MountFiles;
struct Config;
struct ListenersElsewhere;
struct MountSettings;
struct Services;

// only: this source alone; the global counters include all.
StatsDocument make_stats(const Services& services, const ListenersElsewhere& elsewhere,
                         const std::optional<std::string>& only = std::nullopt);

}  // namespace lb
