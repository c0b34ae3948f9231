#include "app/services/playing_mount.h"

#include "app/services/mount_files.h"
#include "app/services/network.h"
#include "config/settings/config.h"
#include "http/static_files.h"
#include "stream/listener/fallback_chain.h"

namespace lb {

std::shared_ptr<Mount> playing_mount(const Network& network, const Config& config,
                                     const std::string& path, bool idle_too) {
  // A page of the server is never a mount, even where the default mount has a fallback.
  if (is_template_path(path)) return nullptr;
  const auto playing = [&](const std::string& name) {
    auto mount = network.mounts.find(name);
    return mount && (idle_too || mount->phase() != MountPhase::kIdle) ? mount : nullptr;
  };
  const auto fallback_of = [&](const std::string& name) {
    return mount_section(config, name).fallback_mount;
  };
  if (auto mount = playing(path)) return mount;
  return find_in_fallbacks(
      fallback_of(path),
      [&](const std::string& name) {
        auto mount = playing(name);
        return mount ? mount : network.mount_files->fallback(name);
      },
      fallback_of);
}

}  // namespace lb
