#include "config/load/checks.h"

#include <algorithm>

#include "base/cat.h"
#include "base/strings.h"
#include "config/schema/diagnostic.h"
#include "config/settings/drain_rate.h"
#include "http/text.h"
#include "net/address/address_list.h"

namespace lb {
namespace {

const XmlNode* last_child(const XmlNode& node, std::string_view name) {
  const XmlNode* found = nullptr;
  for (const XmlNode& child : node.children) {
    if (child.name == name) found = &child;
  }
  return found;
}

// -- passwords -----------------------------------------------------------------------------------

}  // namespace

std::string numbered(std::string_view element, std::size_t index) {
  return cat({element, "[", index + 1, "]"});
}

bool is_default_password(std::string_view password) {
  return istarts_with(password, "hackme") || istarts_with(password, "change-me") ||
         iequals(password, "changeme");
}

namespace {

void check_password(const std::string& path, std::string_view password, Filler& filler,
                    const LoadOptions& options) {
  if (!is_default_password(password)) return;
  const std::string subject = cat({"<", path.substr(path.rfind('/') + 1), ">: "});
  if (options.allow_default_passwords) {
    filler.report(filler.line_of(path), Severity::kWarning,
                  subject + "is a password from a published example", Concern::kDanger);
  } else {
    filler.report(filler.line_of(path), Severity::kFatal,
                  subject +
                      "is a password from a published example; the server does not "
                      "start with it (--allow-default-passwords overrides this)",
                  Concern::kDanger);
  }
}

constexpr char kSourcePassword[] = "authentication/source-password";
constexpr char kAdminPassword[] = "authentication/admin-password";
constexpr char kRelayPassword[] = "authentication/relay-password";

void check_published_passwords(const Config& config, Filler& filler, const LoadOptions& options) {
  const PasswordSettings& roles = config.authentication;
  check_password(kSourcePassword, roles.source_password, filler, options);
  check_password(kAdminPassword, roles.admin_password, filler, options);
  check_password(kRelayPassword, roles.relay_password, filler, options);
  check_password("console/sso-secret", config.console.sso_secret, filler, options);
  check_password("mount[default]/password", config.default_mount.password, filler, options);
  for (std::size_t i = 0; i < config.mounts.size(); ++i) {
    const std::string path = numbered("mount", i) + "/password";
    const bool own = filler.line_of(path) != 0;  // an inherited one is checked already
    if (own) check_password(path, config.mounts[i].password, filler, options);
  }
  for (std::size_t i = 0; i < config.relays.size(); ++i) {
    check_password(numbered("relay", i) + "/password", config.relays[i].password, filler, options);
  }
  for (std::size_t i = 0; i < config.masters.size(); ++i) {
    const MasterSettings& master = config.masters[i];
    check_password(master.flat ? "master-password" : numbered("master", i) + "/password",
                   master.password, filler, options);
  }
  for (std::size_t i = 0; i < config.cluster.nodes.size(); ++i) {
    check_password(numbered("cluster/node", i) + "/secret", config.cluster.nodes[i].secret, filler,
                   options);
  }
  check_password("cluster/token/keys", config.cluster.token_keys, filler, options);
}

// Passwords of roles that are not set, or that another name or role has too.
void check_role_passwords(const PasswordSettings& roles, Filler& filler) {
  const int block = filler.line_of("authentication");
  const auto line = [&](const std::string& path) {
    const int own = filler.line_of(path);
    return own != 0 ? own : block;
  };
  if (roles.source_password.empty()) {
    filler.report(
        line(kSourcePassword), Severity::kWarning,
        "<source-password>: is not set; sources are accepted only at mounts with a password of "
        "their own");
  } else if (roles.source_password == "source") {
    filler.report(line(kSourcePassword), Severity::kWarning,
                  "<source-password>: is the same as the user name", Concern::kDanger);
  }
  if (roles.admin_password.empty() || roles.admin_user.empty()) {
    filler.report(
        line(kAdminPassword), Severity::kWarning,
        "<admin-password>: admin-user and admin-password are not both set; the pages under "
        "/admin/ are off");
  } else if (roles.admin_password == roles.admin_user) {
    filler.report(line(kAdminPassword), Severity::kWarning,
                  "<admin-password>: is the same as the user name", Concern::kDanger);
  } else if (roles.admin_password == roles.source_password) {
    filler.report(line(kAdminPassword), Severity::kWarning,
                  "<admin-password>: is the same as source-password, so every source is an "
                  "administrator",
                  Concern::kDanger);
  }
  if (!roles.relay_password.empty() && roles.relay_password == roles.relay_user) {
    filler.report(line(kRelayPassword), Severity::kWarning,
                  "<relay-password>: is the same as the user name", Concern::kDanger);
  }
}

// -- the rest ------------------------------------------------------------------------------------

// A Shoutcast mount on a plain socket also opens the next port, for its sources.
bool opens_next_port(const ListenSettings& socket) {
  return !socket.shoutcast_compat && !socket.shoutcast_mount.empty();
}

void check_sockets(const Config& config, Filler& filler) {
  for (std::size_t i = 0; i < config.listen.size(); ++i) {
    const ListenSettings& socket = config.listen[i];
    for (std::size_t j = 0; j < i; ++j) {
      const ListenSettings& other = config.listen[j];
      if (socket.port == 0 || socket.bind_address != other.bind_address) continue;
      const bool same = socket.port == other.port;
      const bool pair = opens_next_port(socket) && socket.port + 1 == other.port;
      const bool other_pair = opens_next_port(other) && other.port + 1 == socket.port;
      if (!same && !pair && !other_pair) continue;
      const int port = pair ? other.port : socket.port;
      filler.report(socket.line, Severity::kWarning,
                    cat({"<listen-socket>: port ", port, " is taken twice, see line ", other.line,
                         same ? "" : "; <shoutcast-mount> opens the next port too"}));
      break;
    }
    if (socket.tls && config.paths.ssl_certificate.empty() &&
        config.security.tls_certificate.empty() && acme_names(config).empty() &&
        config.masters.empty()) {
      filler.report(
          socket.line, Severity::kWarning,
          cat({"<listen-socket>: port ", socket.port,
               " is for TLS, but paths/ssl-certificate is not set; it will stay closed"}));
    }
  }
}

bool is_loopback(std::string_view bind_address) {
  return bind_address.starts_with("127.") || bind_address == "::1" || bind_address == "localhost";
}

void check_proxies(const Config& config, Filler& filler) {
  const std::vector<std::string>& proxies = config.paths.x_forwarded_for;
  for (const ListenSettings& socket : config.listen)
    if (socket.proxy_protocol && proxies.empty() && !is_loopback(socket.bind_address))
      filler.report(socket.line, Severity::kWarning,
                    cat({"<listen-socket>: port ", socket.port,
                         " has proxy-protocol, and without <x-forwarded-for> it believes "
                         "everybody; any client can then claim another client's address"}),
                    Concern::kDanger);
  AddressList::parse(proxies, [&](std::size_t index, const std::string& reason) {
    filler.report(filler.line_of("paths/x-forwarded-for"), Severity::kWarning,
                  cat({"<x-forwarded-for>: ", quoted(proxies[index]), " ", reason,
                       "; it can never match and is not used"}));
  });
  for (const std::string& proxy : proxies) {
    if (proxy != "*" && !proxy.ends_with("/0")) continue;
    filler.report(
        filler.line_of("paths/x-forwarded-for"), Severity::kWarning,
        cat({"<x-forwarded-for>: ", quoted(proxy),
             " matches every address; any client can then claim another client's address"}),
        Concern::kDanger);
  }
}

// Of proxies that log users in, neither the addresses nor the secret count alone.
void check_sso(const Config& config, Filler& filler) {
  const std::vector<std::string>& proxies = config.console.sso_from;
  AddressList::parse(proxies, [&](std::size_t index, const std::string& reason) {
    filler.report(filler.line_of("console/sso-from"), Severity::kWarning,
                  cat({"<sso-from>: ", quoted(proxies[index]), " ", reason,
                       "; it can never match and is not used"}));
  });
  const bool has_secret = !config.console.sso_secret.empty();
  if (proxies.empty() == !has_secret) return;
  filler.report(
      filler.line_of(has_secret ? "console/sso-secret" : "console/sso-from"), Severity::kWarning,
      has_secret ? "<sso-secret>: has no effect without <sso-from>; no proxy is believed"
                 : "<sso-from>: has no effect without <sso-secret>; no proxy is believed");
}

// Settings for load balancers and monitors.
void check_orchestration(const Config& config, Filler& filler) {
  const std::vector<std::string>& readers = config.metrics.allow;
  if (readers.size() != 1 || readers[0] != "none") {
    AddressList::parse(readers, [&](std::size_t index, const std::string& reason) {
      filler.report(filler.line_of("metrics/allow"), Severity::kWarning,
                    cat({"<allow>: ", quoted(readers[index]), " ", reason, "; it is left out"}));
    });
  }
  const ClusterSettings& cluster = config.cluster;
  if (const auto rate = parse_drain_rate(cluster.drain_rate); !rate) {
    filler.report(filler.line_of("cluster/drain/rate"), Severity::kWarning,
                  cat({"<rate>: ", quoted(cluster.drain_rate), " ", rate.error().what,
                       "; listeners are spread over the whole time"}));
  }
  for (const ListenSettings& socket : config.listen) {
    if (cluster.agent_port == 0 || cluster.agent_port != socket.port) continue;
    filler.report(filler.line_of("cluster/agent/port"), Severity::kWarning,
                  cat({"<agent>: port ", socket.port, " is taken by the listen-socket in line ",
                       socket.line}));
  }
}

}  // namespace

void drop_bad_headers(std::vector<HttpHeader>& headers, const std::string& path, Filler& filler) {
  std::size_t number = 0;
  std::erase_if(headers, [&](const HttpHeader& header) {
    const int line = filler.line_of(numbered(path + "/header", number++));
    if (header.value.empty() && istarts_with(header.name, "Access-Control-")) {  // the cors of 2.5
      filler.left_out(line, "header",
                      "without a value; streams and public pages answer other sites (CORS) as they "
                      "are");
      return true;
    }
    if (is_token(header.name) && header.value.find_first_of("\r\n") == std::string::npos) {
      return false;
    }
    filler.report(
        line, Severity::kError,
        header.name.empty()
            ? std::string("<header>: has no name; it is not used")
            : cat({"<header>: ", quoted(header.name),
                   " is not a header name, or its value has more than one line; it is not "
                   "used"}));
    return true;
  });
}

void drop_bad_aliases(std::vector<Alias>& aliases, Filler& filler) {
  std::size_t number = 0;
  std::erase_if(aliases, [&](const Alias& alias) {
    const int line = filler.line_of(numbered("paths/alias", number++));
    if (!alias.source.empty() && !alias.destination.empty()) return false;
    filler.report(line, Severity::kError,
                  "<alias>: needs both source and destination; it is not used");
    return true;
  });
}

void check_order(const XmlNode& root, const Config& config, Filler& filler) {
  for (const XmlNode& limits : root.children) {
    if (limits.name != "limits") continue;
    const XmlNode* size = last_child(limits, "burst-size");
    const XmlNode* on = last_child(limits, "burst-on-connect");
    if (size == nullptr || on == nullptr || on >= size) continue;
    if (trim(on->text) == "0" && config.limits.burst_bytes != 0) {
      filler.report(on->line, Severity::kWarning,
                    "<burst-on-connect>: 0 has no effect, because <burst-size> comes after it "
                    "(Icecast's rule); write burst-size 0");
    }
  }
  const XmlNode* relay = nullptr;
  for (const XmlNode& child : root.children) {
    if (child.name == "relay") relay = &child;
    if (child.name != "relays-on-demand" || relay == nullptr || !config.relays_on_demand) continue;
    filler.report(
        child.line, Severity::kWarning,
        cat({"<relays-on-demand>: holds only for relays written after it, and there is one in "
             "line ",
             relay->line, " (Icecast's rule)"}));
  }
}

void check_config(const Config& config, Filler& filler, const LoadOptions& options) {
  check_published_passwords(config, filler, options);
  check_role_passwords(config.authentication, filler);
  check_sockets(config, filler);
  check_mounts(config, filler);
  check_proxies(config, filler);
  check_sso(config, filler);
  check_orchestration(config, filler);
  check_relays(config, filler);
  check_masters(config, filler);
  check_cluster(config, filler);
  check_external(config, filler);
  check_store(config, filler);
  check_acme(config, filler);
  check_audience(config, filler);
  check_webhooks(config, filler);
  check_stations(config, filler);
  if (records_anything(config) && archive_directory_of(config).empty()) {
    filler.report(filler.line_of("mount"), Severity::kWarning,
                  "<archive>: nothing is recorded, because no directory is known; name one in "
                  "<archive><dir> of <icecast>, or in <paths><state-dir> ($STATE_DIRECTORY, which "
                  "systemd sets, is another way)");
  }
  if (config.limits.queue_bytes < config.limits.burst_bytes) {
    filler.report(filler.line_of("limits/queue-size"), Severity::kWarning,
                  cat({"<queue-size>: ", config.limits.queue_bytes, " is smaller than burst-size ",
                       config.limits.burst_bytes, "; the queue is made as large as the burst"}));
  }
  if (filler.line_of("hostname") == 0) {
    filler.report(0, Severity::kNote,
                  "<hostname>: is not set; playlists and directories will list localhost");
  }
  if (config.security.user.empty() != config.security.group.empty()) {
    filler.report(filler.line_of("security/changeowner"), Severity::kWarning,
                  "<changeowner>: needs both <user> and <group>; it has no effect");
  }
  if (config.paths.logdir.empty() && config.logging.access_path == "access.log") {
    filler.report(0, Severity::kNote,
                  "<logdir>: is not set; the error log goes to standard error, there is no access "
                  "log");
  }
}

}  // namespace lb
