#include "app/services/mount_fallbacks.h"

#include <string>

#include "app/services/mount_files.h"
#include "base/strings.h"
#include "config/settings/config.h"
#include "stream/listener/fallback_chain.h"

namespace lb {

bool waits_on_fallback(const Config& config, const MountSettings& settings,
                       const MountTable::Rows& mounts, const MountFiles* files) {
  return !is_glob(settings.name) && !mounts.contains(settings.name) &&
         find_in_fallbacks(
             settings.fallback_mount,
             [&](const std::string& name) {
               return mounts.contains(name) ||
                      (files != nullptr && files->fallback(name) != nullptr);
             },
             [&](const std::string& name) { return mount_settings(config, name).fallback_mount; });
}

std::vector<MountSettings> mounts_on_fallback(const Config& config, const MountTable::Rows& mounts,
                                              const MountFiles* files) {
  std::vector<MountSettings> out;
  for_each_section(config, [&](const MountSettings& settings) {
    if (waits_on_fallback(config, settings, mounts, files)) out.push_back(settings);
  });
  return out;
}

}  // namespace lb
