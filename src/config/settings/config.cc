#include "config/settings/config.h"

#include <algorithm>
#include <cstdlib>

#include "acme/certificate.h"
#include "base/strings.h"
#include "cluster/nodes/public_address.h"
#include "net/address/host_name.h"
#include "net/crypto/digest.h"

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
  const auto* section = config.book.sections.look_up(mount);
  return section == nullptr ? std::string_view() : std::string_view((*section)->account);
}

bool api_is_on(const Config& config) noexcept {
  return config.api && (!config.authentication.admin_password.empty() || config.console.enabled ||
                        config.store.type != StoreType::kNone || !config.external.url.empty());
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
  mount.http_headers.clear();
  return mount;
}

void end_section(MountSettings& mount, const MountSettings& default_mount) {
  const auto& inherited = default_mount.http_headers;
  mount.http_headers.insert(mount.http_headers.end(), inherited.begin(), inherited.end());
}

void resolve_hls(const Config& config, MountSettings& mount) {
  const HlsSettings& hls = config.hls;
  const bool recorded = !archive_directory_of(config).empty();
  mount.segment_ms = static_cast<std::uint32_t>(std::chrono::milliseconds(hls.segment).count());
  mount.hls_kept = mount.hls ? kept_for_hls(hls) : std::chrono::milliseconds(0);
  const auto kept =
      mount.hls && recorded && mount.archive.enabled ? kept_for_recorded_hls(hls) : mount.hls_kept;
  mount.hls_kept_recorded_ms = static_cast<std::uint32_t>(kept.count());
}

std::string state_directory(const Config& config) {
  if (!config.paths.state_dir.empty()) return config.paths.state_dir;
  const char* const given = std::getenv("STATE_DIRECTORY");
  const std::string_view list = given == nullptr ? "" : given;
  return std::string(list.substr(0, list.find(':')));
}

bool is_left_out(const AcmeSettings& acme, const std::string& name) {
  const bool is_public =
      acme.authorities.empty() || std::ranges::any_of(acme.authorities, is_public_authority);
  return name.empty() || (name.starts_with("*.") && acme.dns_hook.empty()) ||
         (is_public && !why_not_public(name).empty());
}

std::vector<std::string> names_of_acme(const Config& config, const AcmeSettings& acme) {
  if (!acme.enabled) return {};
  std::vector<std::string> names = acme.names;
  if (names == std::vector<std::string>{"off"}) return {};
  if (names.empty()) {
    names.push_back(config.hostname);
    for (const PublicAddress& one : config.cluster.public_addresses)
      if (const auto address = parse_public_address(PublicScheme::kHttps, one.address, 443);
          one.scheme == "https" && address &&
          std::ranges::find(names, address->host) == names.end())
        names.push_back(address->host);
  }
  for (std::string& name : names) name = host_name(name);
  return names;
}

std::vector<std::string> acme_names(const Config& config) {
  std::vector<std::string> all;
  for (const AcmeSettings& acme : config.acme)
    for (std::string& name : names_of_acme(config, acme))
      if (!is_left_out(acme, name) && std::ranges::find(all, name) == all.end())
        all.push_back(std::move(name));
  return all;
}

const AcmeSettings* first_acme(const Config& config) {
  const auto at = std::ranges::find(config.acme, true, &AcmeSettings::enabled);
  return at == config.acme.end() ? nullptr : &*at;
}

const AcmeSettings* acme_of_name(const Config& config, std::string_view name) {
  if (config.acme.size() == 1) return first_acme(config);
  for (const AcmeSettings& acme : config.acme)
    if (is_name_of(names_of_acme(config, acme), name)) return &acme;
  return first_acme(config);
}

std::vector<std::string> nodes_of_name(const Config& config, std::string_view name) {
  std::vector<std::string> ids;
  for (const ClusterNode& node : config.cluster.nodes) {
    bool is_its = is_name_of(node.certificates, name);
    // An address pattern allows names, but does not identify the node.
    for (const std::string_view entry : split(node.allow_public, ' ')) {
      const std::string_view host = trim(entry).substr(0, trim(entry).rfind(':'));
      is_its = is_its || (!host.empty() && to_lower(host) == name && !host.starts_with("*"));
    }
    if (is_its) ids.push_back(node.id);
  }
  return ids;
}

// A store that holds keys and that other masters may share.
static bool has_shared_store(const Config& config) {
  return config.store.type == StoreType::kEtcd && !config.store.keys.empty();
}

static bool is_own_address(const Config& config, const std::string& name) {
  return std::ranges::any_of(config.cluster.public_addresses, [&](const PublicAddress& one) {
    const auto address = parse_public_address(PublicScheme::kHttps, one.address, 443);
    return one.scheme == "https" && address && to_lower(address->host) == name;
  });
}

std::vector<WantedCertificate> wanted_certificates(const Config& config) {
  constexpr std::size_t kNamesAtOnce = 100;
  std::vector<WantedCertificate> all;
  std::vector<std::string> seen;
  for (std::size_t i = 0; i < config.acme.size(); ++i) {
    const AcmeSettings& acme = config.acme[i];
    std::vector<WantedCertificate> groups;
    for (const std::string& name : names_of_acme(config, acme)) {
      if (is_left_out(acme, name) || std::ranges::find(seen, name) != seen.end()) continue;
      seen.push_back(name);
      const std::vector<std::string> nodes = nodes_of_name(config, name);
      const bool in_store =
          has_shared_store(config) && (!nodes.empty() || !is_own_address(config, name));
      const auto at = std::ranges::find_if(groups, [&](const WantedCertificate& group) {
        return group.nodes == nodes && group.in_store == in_store &&
               group.names.size() < kNamesAtOnce;
      });
      if (at == groups.end())
        groups.push_back({.names = {name}, .nodes = nodes, .acme = i, .in_store = in_store});
      else
        at->names.push_back(name);
    }
    for (const AcmeKeyKind key : key_kinds_of(acme))
      for (WantedCertificate group : groups) {
        group.key = key;
        all.push_back(std::move(group));
      }
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

void MountIndex::add(const std::string& name, std::uint32_t position) {
  names_.try_emplace(name, position);
  if (const std::size_t special = name.find_first_of("*?[\\"); special != std::string::npos)
    patterns_.push_back({position, static_cast<std::uint32_t>(special), name});
}

std::optional<std::size_t> MountIndex::find_name(std::string_view name) const {
  const auto at = names_.find(name);
  if (at == names_.end()) return std::nullopt;
  return at->second;
}

std::optional<std::size_t> MountIndex::find(std::string_view mount) const {
  const auto named = find_name(mount);
  std::string name;  // fnmatch() needs a terminated string
  for (const Pattern& pattern : patterns_) {
    if (named && *named < pattern.position) break;
    if (mount.substr(0, pattern.plain) != std::string_view(pattern.text).substr(0, pattern.plain))
      continue;
    if (name.empty()) name = mount;
    if (glob_match(pattern.text, name)) return pattern.position;
  }
  return named;
}

std::vector<EncoderSettings> source_logins(const MountSettings& mount) {
  std::vector<EncoderSettings> rows = mount.encoders;
  if (rows.empty()) rows.emplace_back();
  for (EncoderSettings& row : rows) {
    if (row.username.empty()) row.username = mount.username;
    if (row.password.empty()) row.password = mount.password;
  }
  return rows;
}

LoginIndex::LoginIndex(const Config& config) : key_(random_bytes(32)) {
  const PasswordSettings& roles = config.authentication;
  add(roles.admin_user, roles.admin_password);
  add(roles.relay_user, roles.relay_password);
  add("source", roles.source_password);
  const auto add_source = [&](std::string_view user, std::string_view password) {
    add(user, password.empty() ? std::string_view(roles.source_password) : password);
  };
  const MountSettings& standard = config.default_mount;
  add_source(standard.username, standard.password);
  for (const MountSettings& mount : config.mounts) {
    // Most mounts have the login of the default mount.
    if (mount.username != standard.username || mount.password != standard.password)
      add_source(mount.username, mount.password);
    if (mount.encoders.empty()) continue;
    for (const EncoderSettings& row : source_logins(mount)) add_source(row.username, row.password);
  }
}

// An empty password disables the role.
void LoginIndex::add(std::string_view user, std::string_view password) {
  if (!password.empty()) logins_.insert(digest(user, password));
}

bool LoginIndex::knows(const Credentials& given) const {
  return !given.password.empty() && logins_.contains(digest(given.user, given.password));
}

// NUL separates the parts, because XML cannot contain it.
std::string LoginIndex::digest(std::string_view user, std::string_view password) const {
  std::string text(user);
  text.append(1, '\0').append(password);
  return hmac_sha256(key_, text);
}

}  // namespace lb
