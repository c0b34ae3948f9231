#include "app/request/auth_sections.h"

#include "config/settings/config.h"

namespace lb {

std::vector<AuthSection> auth_sections(const Config& config) {
  std::vector<AuthSection> sections;
  const auto add = [&sections](const MountSettings& mount) {
    if (!mount.authenticator.type.empty())
      sections.push_back({mount.name, mount.authenticator.type, mount.authenticator.options,
                          mount.sessions_per_user > 0});
  };
  for_each_section(config, add);
  add(config.default_mount);
  return sections;
}

AuthServer auth_server(const Config& config) {
  return {config.hostname, config.port, config.server_id};
}

}  // namespace lb
