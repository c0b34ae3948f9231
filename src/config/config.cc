#include "config/config.h"

#include <algorithm>
#include <cstdlib>

#include "acme/certificate.h"
#include "base/strings.h"
#include "cluster/nodes/public_address.h"

namespace lb {

std::string data_directory() { return LB_DATADIR; }

const std::string& shoutcast_mount(const Config& config, const ListenSettings& socket) {
  return socket.shoutcast_mount.empty() ? config.shoutcast_mount : socket.shoutcast_mount;
}

namespace {

const MountIndex* index_of(const Config& config) {
  const MountIndex* const index = config.mount_index.get();
  return index != nullptr && index->size() == config.mounts.size() ? index : nullptr;
}

}  // namespace

const MountSettings& mount_section(const Config& config, std::string_view mount) {
  if (const auto* section = config.book.sections.look_up(mount)) return **section;
  if (const MountIndex* index = index_of(config)) {
    const auto position = index->find(mount);
    return position ? config.mounts[*position] : config.default_mount;
  }
  const std::string name(mount);
  for (const MountSettings& settings : config.mounts) {
    if (settings.name == name || glob_match(settings.name, name)) return settings;
  }
  return config.default_mount;
}

const MountSettings* named_section(const Config& config, std::string_view name) {
  const auto* section = config.book.sections.look_up(name);
  return section == nullptr ? file_section(config, name) : section->get();
}

const MountSettings* file_section(const Config& config, std::string_view name) {
  if (const MountIndex* index = index_of(config)) {
    const auto at = index->find_name(name);
    return at ? &config.mounts[*at] : nullptr;
  }
  const auto at = std::find_if(config.mounts.begin(), config.mounts.end(),
                               [name](const MountSettings& one) { return one.name == name; });
  return at == config.mounts.end() ? nullptr : &*at;
}

MountSettings mount_settings(const Config& config, std::string_view mount) {
  MountSettings found = mount_section(config, mount);
  found.name = mount;
  return found;
}

std::string_view mount_account(const Config& config, std::string_view mount) {
  const MountSettings& section = mount_section(config, mount);
  return section.name == mount ? std::string_view(section.account) : std::string_view();
}

bool api_is_on(const Config& config) noexcept {
  return config.api && (config.console.enabled || config.store.type != StoreType::kNone ||
                        !config.external.url.empty());
}

bool external_is_for_cluster(const Config& config) {
  const ExternalSettings& external = config.external;
  if (external.url.empty() || external.serves == ExternalFor::kNode) return false;
  return external.serves == ExternalFor::kCluster || !config.cluster.nodes.empty();
}

MountSettings begin_section(const MountSettings& default_mount) {
  MountSettings mount = default_mount;
  mount.authenticator = {};
  mount.encoders.clear();
  return mount;
}

void resolve_hls(const Config& config, MountSettings& mount) {
  const HlsSettings& hls = config.hls;
  const bool recorded = !archive_directory_of(config).empty();
  mount.segment_ms = static_cast<std::uint32_t>(std::chrono::milliseconds(hls.segment).count());
  mount.hls_kept = !mount.hls                          ? std::chrono::milliseconds(0)
                   : recorded && mount.archive.enabled ? kept_for_recorded_hls(hls)
                                                       : kept_for_hls(hls);
}

std::string state_directory(const Config& config) {
  if (!config.paths.state_dir.empty()) return config.paths.state_dir;
  const char* const given = std::getenv("STATE_DIRECTORY");
  const std::string_view list = given == nullptr ? "" : given;
  return std::string(list.substr(0, list.find(':')));
}

std::vector<std::string> acme_names(const Config& config) {
  if (!config.acme.enabled) return {};
  std::vector<std::string> names = config.acme.names;
  if (names.empty()) {
    names.push_back(config.hostname);
    for (const PublicAddress& one : config.cluster.public_addresses)
      if (const auto address = parse_public_address(PublicScheme::kHttps, one.address, 443);
          one.scheme == "https" && address &&
          std::ranges::find(names, address->host) == names.end())
        names.push_back(address->host);
  }
  const bool is_public =
      config.acme.authorities.empty() || is_public_authority(config.acme.authorities.front());
  for (std::string& name : names) name = to_lower(name);
  std::erase_if(names, [&](const std::string& name) {
    return name.empty() || (name.starts_with("*.") && config.acme.dns_hook.empty()) ||
           (is_public && !why_not_public(name).empty());
  });
  return names;
}

std::vector<std::string> nodes_of_name(const Config& config, std::string_view name) {
  std::vector<std::string> ids;
  for (const ClusterNode& node : config.cluster.nodes) {
    bool is_its = is_name_of(node.certificates, name);
    // A pattern of addresses says where it may be, not which of them it is.
    for (const std::string_view entry : split(node.allow_public, ' ')) {
      const std::string_view host = trim(entry).substr(0, trim(entry).rfind(':'));
      is_its = is_its || (!host.empty() && to_lower(host) == name && !host.starts_with("*"));
    }
    if (is_its) ids.push_back(node.id);
  }
  return ids;
}

std::vector<WantedCertificate> wanted_certificates(const Config& config) {
  constexpr std::size_t kMaxNames = 100;
  std::vector<WantedCertificate> groups;
  for (const std::string& name : acme_names(config)) {
    const std::vector<std::string> nodes = nodes_of_name(config, name);
    const auto at = std::ranges::find_if(groups, [&](const WantedCertificate& group) {
      return group.nodes == nodes && group.names.size() < kMaxNames;
    });
    if (at == groups.end())
      groups.push_back({.names = {name}, .nodes = nodes});
    else if (std::ranges::find(at->names, name) == at->names.end())
      at->names.push_back(name);
  }
  std::vector<WantedCertificate> all;
  for (const AcmeKeyKind key : key_kinds_of(config.acme))
    for (WantedCertificate group : groups) {
      group.key = key;
      all.push_back(std::move(group));
    }
  return all;
}

std::string file_of(const WantedCertificate& certificate) {
  return certificate.names.front() + (certificate.key == AcmeKeyKind::kRsa ? ".rsa" : "");
}

std::string archive_directory_of(const Config& config) {
  if (!config.archive.dir.empty()) return config.archive.dir;
  const std::string state = state_directory(config);
  return state.empty() ? std::string() : state + "/archive";
}

bool records_anything(const Config& config) {
  const auto wanted = [](const MountSettings& section) { return section.archive.enabled; };
  bool any = wanted(config.default_mount);
  for_each_section(config, [&](const MountSettings& section) { any = any || wanted(section); });
  return any;
}

}  // namespace lb
