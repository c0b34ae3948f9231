// Configured mounts that have no source, but a playing fallback.
// files: fallback files that count as playing; null: none.
// Thread: any.
#pragma once

#include <vector>

#include "stream/mount/mount_table.h"

namespace lb {

class MountFiles;
struct Config;
struct MountSettings;

bool waits_on_fallback(const Config& config, const MountSettings& settings,
                       const MountTable::Rows& mounts, const MountFiles* files);
std::vector<MountSettings> mounts_on_fallback(const Config& config, const MountTable::Rows& mounts,
                                              const MountFiles* files);

}  // namespace lb
