#include "config/load/loader.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <string>
#include <system_error>
#include <vector>

#include "base/cat.h"
#include "base/file.h"
#include "base/strings.h"
#include "config/load/checks.h"
#include "config/load/filler.h"
#include "config/load/icecast25.h"
#include "config/schema/xml_node.h"
#include "config/settings/relay_hosts.h"

namespace lb {
namespace {

constexpr std::uint64_t kDefaultLogBytes = 1u << 30;  // Icecast's 1 GiB

// Icecast's defaults, where the plain settings structs have none.
Config empty_config(const std::string& name) {
  Config config;
  config.file = name;
  config.logging.access_path = "access.log";
  config.logging.error_path = "error.log";
  config.logging.max_bytes = kDefaultLogBytes;
  return config;
}

// Relative names of log files are below the log directory; without one the error log is standard
// error.
void resolve_logs(const PathSettings& paths, LogSettings& logging) {
  for (std::string* path : {&logging.error_path, &logging.access_path, &logging.playlist_path}) {
    if (path->empty() || *path == "-" || (*path)[0] == '/') continue;
    if (!paths.logdir.empty()) {
      *path = cat({paths.logdir, "/", *path});
    } else {
      *path = path == &logging.error_path ? "-" : "";
    }
  }
}

// Icecast-KH ignores a <size> of a log below these bounds: many files mean KiB, as in <logsize>.
void raise_log_sizes(LogSettings& logging) {
  for (LogFileRules* log : {&logging.error_rules, &logging.access_rules, &logging.playlist_rules}) {
    if (log->max_bytes <= 10'000)
      log->max_bytes = 0;
    else
      log->max_bytes = std::max<std::uint64_t>(log->max_bytes, 100'000);
  }
}

void drop_trailing_slashes(std::string& path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
}

std::string_view attribute_of(const XmlNode& node, std::string_view name) {
  for (const XmlAttribute& attribute : node.attributes) {
    if (attribute.name == name) return trim(attribute.value);
  }
  return {};
}

void resolve_sockets(Config& config, const Filler& filler) {
  if (config.listen.empty()) {
    ListenSettings& socket = config.listen.emplace_back();
    socket.port = config.port;
    socket.bind_address = config.bind_address;
    socket.line = filler.line_of("port");
  } else if (filler.line_of("port") == 0) {
    config.port = config.listen.front().port;
  }
  for (std::size_t i = 0; i < config.listen.size(); ++i) {
    const int line = filler.line_of(cat({"listen-socket[", i + 1, "]"}));
    if (line != 0) config.listen[i].line = line;
  }
}

// An empty value that is written means "off": names="" orders nothing, ports="" opens none.
void resolve_empty_lists(Config& config, const XmlNode& root) {
  const auto is_written = [](const XmlNode& acme, std::string_view name) {
    const auto is_it = [name](const auto& one) { return one.name == name; };
    return std::ranges::any_of(acme.attributes, is_it) || std::ranges::any_of(acme.children, is_it);
  };
  std::size_t i = 0;
  for (const XmlNode& acme : root.children) {
    if (acme.name != "acme" || i == config.acme.size()) continue;
    AcmeSettings& settings = config.acme[i++];
    if (settings.names.empty() && is_written(acme, "names")) settings.names = {"off"};
    if (settings.ports.empty() && is_written(acme, "ports")) settings.ports = {"off"};
  }
}

// Adds the ports that an authority connects to, at the addresses of the other sockets, if a
// certificate is ordered.
void add_acme_ports(Config& config, const Filler& filler) {
  if (acme_names(config).empty() || state_directory(config).empty() || config.security.chroot)
    return;
  std::vector<std::string> addresses;
  for (const ListenSettings& socket : config.listen)
    if (std::ranges::find(addresses, socket.bind_address) == addresses.end())
      addresses.push_back(socket.bind_address);
  // A socket on all addresses is enough.
  for (const std::string_view all : {"", "0.0.0.0", "::"})
    if (std::ranges::find(addresses, all) != addresses.end()) addresses = {std::string(all)};
  std::vector<AcmePort> ports;
  for (const AcmeSettings& acme : config.acme)
    if (acme.enabled) std::ranges::copy(ports_of(acme), std::back_inserter(ports));
  for (const AcmePort& wanted : ports) {
    const bool is_there = std::ranges::any_of(
        config.listen, [&](const ListenSettings& socket) { return socket.port == wanted.port; });
    if (is_there) continue;
    for (const std::string& address : addresses) {
      ListenSettings& socket = config.listen.emplace_back();
      socket.port = wanted.port;
      socket.tls = wanted.tls;
      socket.bind_address = address;
      socket.line = filler.line_of("acme[1]");
    }
  }
}

// Elements such as <master-update-interval> alone make no master.
void resolve_cluster(Config& config, Filler& filler) {
  for (std::size_t i = 0; i < config.masters.size(); ++i) {
    const std::string path = cat({"master[", i + 1, "]/on-demand"});
    if (filler.line_of(path) == 0) config.masters[i].on_demand = config.relays_on_demand;
    config.masters[i].line = config.masters[i].flat ? filler.line_of("master-server")
                                                    : filler.line_of(cat({"master[", i + 1, "]"}));
  }
  std::erase_if(config.masters,
                [](const MasterSettings& master) { return master.flat && master.server.empty(); });
  ClusterSettings& cluster = config.cluster;
  const bool targets = !cluster.nodes.empty() || !cluster.redirects.empty();
  if (targets && filler.line_of("max-redirect-slaves") == 0) {
    cluster.max_redirect_slaves = -1;  // named nodes are meant to get listeners
    // Icecast-KH uses <redirect> only for listeners beyond the limit.
    const bool when = filler.line_of("cluster/balance/when") != 0;
    if (cluster.nodes.empty() && !when) cluster.rules.when = BalanceWhen::kFull;
  }
}

void resolve_hosts(RelaySettings& relay, const std::string& path, Filler& filler) {
  const auto inner = [&path](std::size_t i) { return cat({path, "/host[", i + 1, "]"}); };
  for (std::size_t i = 0; i < relay.hosts.size(); ++i) adopt_uri(relay.hosts[i], inner(i), filler);
  inherit_from_relay(relay, [&](std::size_t i, std::string_view name) {
    return filler.line_of(cat({inner(i), "/", name})) != 0;
  });
}

// Of several relays of one mount the last enabled one is used, as in Icecast and Icecast-KH.
void keep_last_relays(std::vector<RelaySettings>& relays, Filler& filler) {
  std::map<std::string, std::size_t> places;
  std::vector<RelaySettings> kept;
  for (RelaySettings& relay : relays) {
    const auto [at, first] = places.try_emplace(relay.local_mount, kept.size());
    if (first) {
      kept.push_back(std::move(relay));
      continue;
    }
    if (!relay.enabled) continue;
    RelaySettings& earlier = kept[at->second];
    filler.report(relay.line, Severity::kWarning,
                  cat({"<relay>: \"", relay.local_mount, "\" is written twice, first in line ",
                       earlier.line, "; this one counts"}));
    earlier = std::move(relay);
  }
  relays = std::move(kept);
}

void resolve_relays(Config& config, Filler& filler) {
  for (std::size_t i = 0; i < config.relays.size(); ++i) {
    RelaySettings& relay = config.relays[i];
    const std::string path = cat({"relay[", i + 1, "]"});
    relay.line = filler.line_of(path);
    adopt_uri(relay.host, path, filler);
    resolve_hosts(relay, path, filler);
    if (relay.local_mount.empty()) relay.local_mount = relay.host.mount;
  }
  keep_last_relays(config.relays, filler);
}

bool is_default_mount(const XmlNode& node) { return attribute_of(node, "type") == "default"; }

bool has_name(const XmlNode& node) {
  if (!attribute_of(node, "mount-name").empty()) return true;
  for (const XmlNode& child : node.children) {
    if (child.name == "mount-name" && !trim(child.text).empty()) return true;
  }
  return false;
}

// A mount begins as a copy of the default mount, which begins with the global limits, and so
// inherits all values that it does not set.  The authenticator (Icecast's rule) and encoders are
// not inherited.
void fill_mounts(Config& config, Filler& filler) {
  MountSettings& base = config.default_mount;
  base.queue_bytes = config.limits.queue_bytes;
  base.burst_bytes = config.limits.burst_bytes;
  base.source_timeout = config.limits.source_timeout;
  base.max_pulse = config.limits.max_pulse;
  base.hls = config.hls.enabled;
  for (const XmlNode* node : filler.mounts()) {
    if (!is_default_mount(*node)) continue;
    filler.fill(kMountBlock, &base, *node, "mount[default]");
    adopt_mount_asides(filler.take_asides(), base, "mount[default]", config, filler);
    drop_bad_headers(base.http_headers, "mount[default]/http-headers", filler);
    if (!base.name.empty()) {
      filler.report(node->line, Severity::kWarning,
                    "<mount-name>: the default mount has no name; this one is not used");
      base.name.clear();
    }
  }
  std::size_t number = 0;
  for (const XmlNode* node : filler.mounts()) {
    if (is_default_mount(*node)) continue;
    if (!has_name(*node)) {
      filler.report(node->line, Severity::kError,
                    "<mount>: has no <mount-name>; this section is not used");
      continue;
    }
    MountSettings mount = begin_section(base);
    const std::string path = cat({"mount[", ++number, "]"});
    filler.fill(kMountBlock, &mount, *node, path);
    adopt_mount_asides(filler.take_asides(), mount, path, config, filler);
    drop_bad_headers(mount.http_headers, path + "/http-headers", filler);
    end_section(mount, base);
    if (mount.encoders.size() > kMaxEncoders) {
      filler.report(node->line, Severity::kWarning,
                    cat({"<encoder>: ", mount.name, " has more than ", kMaxEncoders,
                         "; the others are not used"}));
      mount.encoders.resize(kMaxEncoders);
    }
    check_mount(mount, *node, filler);
    config.mounts.push_back(std::move(mount));
  }
}

LoadedConfig build(const XmlNode& root, const std::string& name, const LoadOptions& options) {
  Filler filler;
  Config config = empty_config(name);
  filler.fill(kRootBlock, &config, root, "");
  adopt_global_asides(filler.take_asides(), config, filler);
  check_order(root, config, filler);
  resolve_sockets(config, filler);
  resolve_empty_lists(config, root);
  add_acme_ports(config, filler);
  resolve_cluster(config, filler);
  fill_mounts(config, filler);
  resolve_hls(config, config.default_mount);
  for (MountSettings& mount : config.mounts) resolve_hls(config, mount);
  resolve_relays(config, filler);
  drop_bad_headers(config.http_headers, "http-headers", filler);
  drop_bad_aliases(config.paths.aliases, filler);
  drop_trailing_slashes(config.paths.webroot);
  drop_trailing_slashes(config.paths.adminroot);
  config.mount_index = std::make_shared<const MountIndex>(config.mounts);
  check_config(config, filler, options);
  resolve_logs(config.paths, config.logging);
  raise_log_sizes(config.logging);
  config.login_index = std::make_shared<const LoginIndex>(config);
  return {std::make_shared<const Config>(std::move(config)), filler.take_diagnostics(),
          filler.take_written(), filler.take_readings()};
}

bool any_at_least(const std::vector<Diagnostic>& diagnostics, Severity severity) {
  for (const Diagnostic& diagnostic : diagnostics) {
    if (diagnostic.severity >= severity) return true;
  }
  return false;
}

}  // namespace

bool LoadedConfig::has_errors() const noexcept {
  return any_at_least(diagnostics, Severity::kError);
}

bool LoadedConfig::refuses_start() const noexcept {
  return any_at_least(diagnostics, Severity::kFatal);
}

Result<LoadedConfig> load_config_text(std::string_view text, const std::string& name,
                                      const LoadOptions& options) {
  auto root = parse_xml(text);
  if (!root.has_value()) return root.error();
  if (root->name != "icecast") {
    return Error::invalid(cat({"root element is not <icecast>: it is <", root->name, ">"}));
  }
  return build(*root, name, options);
}

Result<LoadedConfig> load_config_file(const std::string& path, const LoadOptions& options) {
  // As libxml2, which Icecast reads it with; a pipe is at its end when it is read again.
  const UniqueFd file(path == "-" ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
                                  : ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  if (!file || !read_to_end(file.get(), text, kLargestXml))  // parse_xml() refuses a longer text
    return Error::io("the file cannot be read: " + std::generic_category().message(errno));
  return load_config_text(text, path, options);
}

std::string fatal_text(std::string_view file, const Error& error) {
  return cat({"FATAL: error parsing config file (", file, ")\n", error.what, "\n"});
}

}  // namespace lb
