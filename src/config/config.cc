#include "config/config.h"

#include "base/strings.h"

namespace lb {

const MountSettings& mount_section(const Config& config, std::string_view mount) {
  const std::string name(mount);
  for (const MountSettings& settings : config.mounts) {
    if (settings.name == name || glob_match(settings.name, name)) return settings;
  }
  return config.default_mount;
}

MountSettings mount_settings(const Config& config, std::string_view mount) {
  MountSettings found = mount_section(config, mount);
  found.name = mount;
  return found;
}

}  // namespace lb
