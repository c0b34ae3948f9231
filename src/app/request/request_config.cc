#include "app/request/request_config.h"

#include <utility>

#include "app/request/request_context.h"
#include "app/services/runtime.h"
#include "config/settings/config.h"

namespace lb {

const std::shared_ptr<const Config>& config_of(const Runtime& runtime, Connection& connection) {
  PinnedConfig& pinned = connection.context().pinned;
  if (std::exchange(pinned.round, connection.rounds()) != connection.rounds() ||
      pinned.config == nullptr) {
    pinned.config = runtime.config.read();
    pinned.section = nullptr;
  }
  return pinned.config;
}

const MountSettings& section_of(const Runtime& runtime, Connection& connection) {
  const Config& config = *config_of(runtime, connection);
  PinnedConfig& pinned = connection.context().pinned;
  const std::string& path = connection.request().path;
  if (pinned.section == nullptr || pinned.path != path) {
    pinned.section = &mount_section(config, path);
    pinned.path = path;
  }
  return *pinned.section;
}

const MountSettings& section_of(const Runtime& runtime, Connection& connection,
                                std::string_view mount) {
  if (mount == connection.request().path) return section_of(runtime, connection);
  return mount_section(*config_of(runtime, connection), mount);
}

}  // namespace lb
