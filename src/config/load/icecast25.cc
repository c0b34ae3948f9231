#include "config/load/icecast25.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/cat.h"
#include "base/strings.h"
#include "config/schema/diagnostic.h"

namespace lb {
namespace {

// -- events --------------------------------------------------------------------------------------

void adopt_events(const Filler::Aside& aside, MountSettings& mount, const std::string& path,
                  Filler& filler) {
  for (const XmlNode& event : aside.node->children) {
    const std::string_view type = attribute_value(event, "type");
    const std::string_view trigger = attribute_value(event, "trigger");
    std::string_view program;
    for (const XmlNode& child : event.children) {
      if (child.name == "option" && attribute_value(child, "name") == "executable")
        program = attribute_value(child, "value");
    }
    const bool begins = trigger == "source-connect";
    if (event.name != "event" || type != "exec" || program.empty() ||
        (!begins && trigger != "source-disconnect")) {
      filler.left_out(event.line, event.name,
                      cat({"an event of type ", quoted(type), " for the trigger ", quoted(trigger),
                           " has no counterpart; programs are run when a source comes or goes"}));
      continue;
    }
    (begins ? mount.on_connect : mount.on_disconnect) = program;
    filler.mapped(event.line, cat({aside.path, "/event[", trigger, "]"}),
                  path + (begins ? "/on-connect" : "/on-disconnect"));
  }
}

// -- roles ---------------------------------------------------------------------------------------

// Icecast 2.5 has other names for these options of <authentication type="url">.
std::string our_option(const std::string& name) {
  if (name == "client_add") return "listener_add";
  if (name == "client_remove") return "listener_remove";
  return name;
}

// The default here is 0; in Icecast 2.5 a role has no limit unless it names one.
constexpr std::string_view kDuplicates = "allow_duplicate_users";

void adopt_authenticator(const XmlNode& node, const Role25& role, const std::string& role_path,
                         MountSettings& mount, const std::string& path, Filler& filler) {
  auto& options = mount.authenticator.options;
  const auto add = [&](const std::string& written, std::string name, std::string value) {
    options.emplace_back(std::move(name), std::move(value));
    filler.mapped(node.line, cat({role_path, "/", written}),
                  cat({path, "/authentication/option[", options.size(), "]"}));
  };
  mount.authenticator.type = role.type();
  filler.mapped(node.line, role_path, path + "/authentication/@type");
  for (const auto& [name, value] : role.options())
    add(cat({"option[", name, "]"}), our_option(name), value);
  if (role.option(kDuplicates).empty())
    add("@connections-per-user", std::string(kDuplicates), role.one_connection() ? "0" : "1");
}

// "": the role is adopted; otherwise the part of it that cannot be expressed here.
std::string adopt_mount_role(const XmlNode& node, const std::string& role_path,
                             MountSettings& mount, const std::string& path, Filler& filler) {
  const Role25 role(node);
  const std::string& type = role.type();
  if (!role.obstacle().empty()) return role.obstacle() + " has";
  if (type == "anonymous") {
    if (!role.for_listeners()) return "anonymous for methods without get has";
    // With an authenticator the role would apply to all other listeners, which are refused anyway.
    const bool open = role.may_listen();
    if (open && !mount.authenticator.type.empty())
      return cat({"allowing listeners that the role of type ", quoted(mount.authenticator.type),
                  " does not know has"});
    if (!open && mount.authenticator.type.empty()) return "refusing all listeners has";
    filler.mapped(node.line, role_path, path + "/authentication");
    return "";
  }
  if (type == "static" && role.for_sources()) {
    if (role.option("password").empty()) return "a user without a password has";
    mount.password = role.option("password");
    filler.mapped(node.line, role_path + "/option[password]", path + "/password");
    if (!role.option("username").empty()) {
      mount.username = role.option("username");
      filler.mapped(node.line, role_path + "/option[username]", path + "/username");
    }
    return "";
  }
  if (type == "static") return "a user for listeners (match-method without source and put) has";
  if (type != "htpasswd" && type != "url") return cat({"type=", quoted(type), " has"});
  if (!role.for_listeners())
    return cat({"the type ", quoted(type), " for methods without get has"});
  if (!role.may_listen()) return "refusing listeners that have logged in has";
  if (!mount.authenticator.type.empty()) return "a second role that authenticates listeners has";
  adopt_authenticator(node, role, role_path, mount, path, filler);
  return "";
}

// "": the role is adopted; otherwise the part of it that cannot be expressed here.
std::string adopt_global(const XmlNode& node, const std::string& path, Config& config,
                         Filler& filler) {
  const Role25 role(node);
  const std::string& type = role.type();
  const std::string_view user = role.option("username");
  const std::string_view password = role.option("password");
  PasswordSettings& roles = config.authentication;
  const auto take = [&](std::string_view name, std::string& where, std::string_view value) {
    where = value;
    filler.mapped(node.line, cat({path, "/option[", name, "]"}),
                  cat({"authentication/", &where == &roles.source_password ? "source-password"
                                          : &where == &roles.admin_user    ? "admin-user"
                                                                           : "admin-password"}));
  };
  if (!role.obstacle().empty()) return role.obstacle();
  if (type == "anonymous") {
    if (!role.for_listeners() || !role.may_listen()) return "refusing all listeners";
    filler.mapped(node.line, path, "authentication");  // listeners need no password
    return "";
  }
  if (type != "static" && type != "legacy-password") return "type=" + quoted(type);
  if (password.empty()) return "a user without a password";
  const bool source_user = user == "source" || (user.empty() && type == "legacy-password");
  if (source_user && (type == "legacy-password" || role.for_sources())) {
    if (!roles.source_password.empty()) return "a second password for sources";
    take("password", roles.source_password, password);
    return "";
  }
  if (type == "static" && role.is_admin() && !user.empty() && role.for_all_methods()) {
    if (!roles.admin_password.empty()) return "a second administrator";
    take("username", roles.admin_user, user);
    take("password", roles.admin_password, password);
    return "";
  }
  return cat({"a user ", quoted(user), " that is neither the source nor an administrator of all"});
}

void adopt_global_role(const Filler::Aside& aside, Config& config, Filler& filler) {
  const std::string obstacle = adopt_global(*aside.node, aside.path, config, filler);
  if (obstacle.empty()) return;
  filler.left_out(aside.node->line, aside.node->name,
                  cat({obstacle, " has no counterpart in a role of type ",
                       quoted(attribute_value(*aside.node, "type")),
                       "; see source-password, admin-password and the authentication of mounts"}));
}

// -- relays --------------------------------------------------------------------------------------

void adopt_relay(const XmlNode& node, const std::string& relay_path, const MountSettings& mount,
                 Config& config, Filler& filler) {
  RelaySettings& relay = config.relays.emplace_back();
  relay.on_demand = config.relays_on_demand;
  const std::string path = cat({"relay[", config.relays.size(), "]"});
  filler.fill(kRelayBlock, &relay, node, path);
  relay.local_mount = mount.name;
  filler.mapped(node.line, relay_path, path + "/local-mount");
  filler.mapped(node.line, relay_path, path);
}

// Attributes that grant nothing, or are read elsewhere.
constexpr auto kPlain = std::to_array<std::string_view>(
    {"type", "name", "management-url", "method", "match-method", "nomatch-method", "allow-method",
     "deny-method", "allow-all", "deny-all",
     // No role gives listeners of a mount rights under /admin/ here: fewer rights, never more.
     "allow-admin", "deny-admin",
     // The parts of an answer that the web server of `url` may change; here its options decide.
     "may-alter"});

bool is_unlimited(std::string_view value) {
  return value == "unlimited" || value == "-1" || value == "0" || value == "*";
}

std::string_view first_of(const XmlNode& node, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    if (const std::string_view value = attribute_value(node, name); !value.empty()) return value;
  }
  return {};
}

bool lists_all(const XmlNode& node, std::string_view name) {
  const std::string_view value = attribute_value(node, name);
  return value == "*" || iequals(value, "true") || value == "1";
}

}  // namespace

void adopt_global_asides(const std::vector<Filler::Aside>& asides, Config& config, Filler& filler) {
  for (const Filler::Aside& aside : asides) {
    if (aside.node->name == "role") {
      adopt_global_role(aside, config, filler);
    } else {
      adopt_events(aside, config.default_mount, "mount[default]", filler);
    }
  }
}

void adopt_mount_asides(const std::vector<Filler::Aside>& asides, MountSettings& mount,
                        const std::string& path, Config& config, Filler& filler) {
  for (const Filler::Aside& aside : asides) {
    const XmlNode& node = *aside.node;
    if (node.name == "relay") {
      if (mount.name.empty()) {
        filler.left_out(node.line, "relay", "the default mount has no relay");
      } else {
        adopt_relay(node, aside.path, mount, config, filler);
      }
    } else if (node.name != "role") {
      adopt_events(aside, mount, path, filler);
    } else if (const std::string obstacle = adopt_mount_role(node, aside.path, mount, path, filler);
               !obstacle.empty()) {
      mount.authenticator = {std::string(kClosedByRoles), {}};
      filler.wrote(node.line, path + "/authentication/@type");
      filler.wrote(node.line, path + "/authentication/role");
      filler.report(
          node.line, Severity::kError,
          cat({"<role>: ", obstacle, " no counterpart here in a role of type ",
               quoted(attribute_value(node, "type")),
               "; every listener of the mount is refused until it has an authentication of type "
               "htpasswd or url, or none"}),
          Concern::kUnsupported);
    }
  }
}

void adopt_uri(RelayUpstreamSettings& host, const std::string& path, Filler& filler) {
  if (host.uri.empty()) return;
  const int line = filler.line_of(path + "/uri");
  std::string_view rest = host.uri;
  const bool tls = istarts_with(rest, "https://");
  const bool plain = istarts_with(rest, "http://");
  rest.remove_prefix(std::min(rest.size(), rest.find("://") + 3));
  const std::string_view authority = rest.substr(0, rest.find('/'));
  const std::string_view mount = rest.substr(authority.size());
  std::string_view name = authority, port;
  if (const std::size_t colon = authority.rfind(':');
      colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos) {
    name = authority.substr(0, colon);
    port = authority.substr(colon + 1);
  }
  if (name.starts_with('[') && name.ends_with(']')) name = name.substr(1, name.size() - 2);
  const auto number = port.empty() ? std::optional<std::uint64_t>(tls ? 443 : 80) : parse_u64(port);
  if ((!tls && !plain) || name.empty() || name.find('@') != std::string_view::npos || !number ||
      *number == 0 || *number > 65'535) {
    filler.report(
        line, Severity::kError,
        cat({"<uri>: ", quoted(host.uri),
             " is not an address like http://radio.example.org:8000/live.mp3; it is not used"}));
    host.uri.clear();
    return;
  }
  host.server = name;
  host.port = static_cast<int>(*number);
  host.tls = tls;
  if (!mount.empty()) host.mount = mount;
  filler.mapped(line, path + "/uri", path + "/server");
  for (std::string_view part : {"/port", "/ssl", "/mount"}) {
    filler.mapped(line, path + "/uri", cat({path, part}));
  }
  host.uri.clear();
}

std::string_view attribute_value(const XmlNode& node, std::string_view name) {
  for (const XmlAttribute& attribute : node.attributes) {
    if (attribute.name == name) return trim(attribute.value);
  }
  return {};
}

bool list_names(std::string_view list, std::string_view word) {
  for (const std::string_view part : split(list, ',')) {
    if (iequals(trim(part), word) || trim(part) == "*") return true;
  }
  return false;
}

Role25::Role25(const XmlNode& node) : type_(attribute_value(node, "type")) {
  for (const XmlNode& child : node.children) {
    if (child.name != "option") continue;
    options_.emplace_back(attribute_value(child, "name"), attribute_value(child, "value"));
  }
  // "method" is the former name of match-method.
  const std::string_view asked = first_of(node, {"match-method", "method"});
  const std::string_view not_asked = attribute_value(node, "nomatch-method");
  const std::string_view allowed = attribute_value(node, "allow-method");
  const std::string_view denied = attribute_value(node, "deny-method");
  for_all_ = asked.empty() && not_asked.empty() && allowed.empty();
  // In a file with allow-method alone the role is meant for those methods.
  const std::string_view methods = asked.empty() ? allowed : asked;
  for_sources_ = (list_names(methods, "source") || list_names(methods, "put")) &&
                 !list_names(not_asked, "source") && !list_names(denied, "source");
  for_listeners_ = (methods.empty() || list_names(methods, "get")) && !list_names(not_asked, "get");
  const bool all_denied = !attribute_value(node, "deny-all").empty();
  may_listen_ = (list_names(allowed, "get") || !all_denied) && !list_names(denied, "get");
  is_admin_ = list_names(attribute_value(node, "allow-admin"), "*") || lists_all(node, "allow-all");
  for (const XmlAttribute& attribute : node.attributes) {
    read_attribute(attribute.name, trim(attribute.value));
  }
}

std::string_view Role25::option(std::string_view name) const {
  for (const auto& [key, value] : options_) {
    if (key == name) return value;
  }
  return {};
}

void Role25::read_attribute(std::string_view name, std::string_view value) {
  if (std::find(kPlain.begin(), kPlain.end(), name) != kPlain.end()) return;
  if (name == "connections-per-user") {
    one_connection_ = value == "1";
    if (one_connection_ || is_unlimited(value)) return;
  } else if (name == "allow-web" || name == "match-web") {
    // Every client may get pages, so "*" is no limit.
    if (value == "*") return;
  } else if (name == "connection-duration") {
    if (is_unlimited(value)) return;
  }
  if (obstacle_.empty()) obstacle_ = cat({name, "=", quoted(value)});
}

}  // namespace lb
