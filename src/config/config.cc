#include "config/config.h"

#include "base/strings.h"

namespace lb {

MountSettings mount_settings(const Config& config, std::string_view mount) {
  const std::string name(mount);
  MountSettings found = [&] {
    for (const MountSettings& settings : config.mounts) {
      if (settings.name == name || glob_match(settings.name, name)) return settings;
    }
    return config.default_mount;
  }();
  found.name = name;
  return found;
}

}  // namespace lb
