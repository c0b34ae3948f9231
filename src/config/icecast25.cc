#include "config/icecast25.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "base/strings.h"

namespace lb {
namespace {

// No authenticator has this name, so that nobody gets in.
constexpr std::string_view kClosed = "role";

std::string_view attribute_of(const XmlNode& node, std::string_view name) {
  for (const XmlAttribute& attribute : node.attributes) {
    if (attribute.name == name) return trim(attribute.value);
  }
  return {};
}

using Options = std::vector<std::pair<std::string, std::string>>;

Options options_of(const XmlNode& node) {
  Options options;
  for (const XmlNode& child : node.children) {
    if (child.name != "option") continue;
    options.emplace_back(attribute_of(child, "name"), attribute_of(child, "value"));
  }
  return options;
}

std::string_view option(const Options& options, std::string_view name) {
  for (const auto& [key, value] : options) {
    if (key == name) return value;
  }
  return {};
}

bool names(std::string_view list, std::string_view word) {
  for (const std::string_view part : split(list, ',')) {
    if (iequals(trim(part), word) || trim(part) == "*") return true;
  }
  return false;
}

// -- events --------------------------------------------------------------------------------------

void adopt_events(const Filler::Aside& aside, MountSettings& mount, const std::string& path,
                  Filler& filler) {
  for (const XmlNode& event : aside.node->children) {
    const std::string_view type = attribute_of(event, "type");
    const std::string_view trigger = attribute_of(event, "trigger");
    const Options options = options_of(event);
    const std::string_view program = option(options, "executable");
    const bool begins = trigger == "source-connect";
    if (event.name != "event" || type != "exec" || program.empty() ||
        (!begins && trigger != "source-disconnect")) {
      filler.left_out(event.line, event.name,
                      "an event of type " + quoted(type) + " for the trigger " + quoted(trigger) +
                          " has no counterpart; programs are run when a source comes or goes");
      continue;
    }
    (begins ? mount.on_connect : mount.on_disconnect) = program;
    filler.mapped(event.line, aside.path + "/event[" + std::string(trigger) + "]",
                  path + (begins ? "/on-connect" : "/on-disconnect"));
  }
}

// -- roles ---------------------------------------------------------------------------------------

// Attributes that do not narrow down what a role is for, or that are looked at below.
bool is_understood(const XmlNode& role) {
  constexpr auto kKnown = std::to_array<std::string_view>(
      {"type", "name", "management-url", "method", "match-method", "allow-method", "allow-all",
       "deny-all", "allow-admin", "allow-web"});
  return std::all_of(role.attributes.begin(), role.attributes.end(), [&](const XmlAttribute& a) {
    return std::find(kKnown.begin(), kKnown.end(), a.name) != kKnown.end();
  });
}

std::string_view methods_of(const XmlNode& role) {
  for (std::string_view name : {"match-method", "method", "allow-method"}) {
    if (const std::string_view methods = attribute_of(role, name); !methods.empty()) return methods;
  }
  return {};
}

bool is_for_sources(const XmlNode& role) {
  return names(methods_of(role), "source") || names(methods_of(role), "put");
}

bool is_for_listeners(const XmlNode& role) {
  return methods_of(role).empty() || names(methods_of(role), "get");
}

// The name of an option of <authentication type="url"> that 2.5 calls otherwise.
std::string our_option(const std::string& name) {
  if (name == "client_add") return "listener_add";
  if (name == "client_remove") return "listener_remove";
  return name;
}

bool adopt_authenticator(const XmlNode& role, const std::string& role_path, MountSettings& mount,
                         const std::string& path, Filler& filler) {
  mount.authenticator.type = attribute_of(role, "type");
  filler.mapped(role.line, role_path, path + "/authentication/@type");
  for (const auto& [name, value] : options_of(role)) {
    mount.authenticator.options.emplace_back(our_option(name), value);
    const std::string stored =
        path + "/authentication/option[" + std::to_string(mount.authenticator.options.size()) + "]";
    filler.mapped(role.line, role_path + "/option[" + name + "]", stored);
  }
  return true;
}

// False: it cannot be expressed here.
bool adopt_mount_role(const XmlNode& role, const std::string& role_path, MountSettings& mount,
                      const std::string& path, Filler& filler) {
  const std::string_view type = attribute_of(role, "type");
  if (!is_understood(role)) return false;
  if (type == "anonymous") {
    // Behind an authenticator it says what happens to the others, and they are refused anyway.
    const bool open = attribute_of(role, "deny-all").empty();
    if (open != mount.authenticator.type.empty()) return false;
    filler.mapped(role.line, role_path, path + "/authentication");
    return true;
  }
  const Options options = options_of(role);
  if (type == "static" && is_for_sources(role) && !option(options, "password").empty()) {
    mount.password = option(options, "password");
    filler.mapped(role.line, role_path + "/option[password]", path + "/password");
    if (!option(options, "username").empty()) {
      mount.username = option(options, "username");
      filler.mapped(role.line, role_path + "/option[username]", path + "/username");
    }
    return true;
  }
  if ((type == "htpasswd" || type == "url") && is_for_listeners(role) &&
      mount.authenticator.type.empty()) {
    return adopt_authenticator(role, role_path, mount, path, filler);
  }
  return false;
}

void adopt_global_role(const Filler::Aside& aside, Config& config, Filler& filler) {
  const XmlNode& role = *aside.node;
  const std::string_view type = attribute_of(role, "type");
  const Options options = options_of(role);
  const std::string_view user = option(options, "username");
  const std::string_view password = option(options, "password");
  AuthenticationSettings& roles = config.authentication;
  const auto take = [&](std::string_view name, std::string& where, std::string_view value) {
    where = value;
    filler.mapped(
        role.line, aside.path + "/option[" + std::string(name) + "]",
        "authentication/" + std::string(&where == &roles.source_password ? "source-password"
                                        : &where == &roles.admin_user    ? "admin-user"
                                                                         : "admin-password"));
  };
  const bool whole = is_understood(role);
  const bool source_user = user == "source" || (user.empty() && type == "legacy-password");
  const bool admin =
      names(attribute_of(role, "allow-admin"), "*") || names(attribute_of(role, "allow-all"), "*");
  if (whole && type == "anonymous" && attribute_of(role, "deny-all").empty()) {
    filler.mapped(role.line, aside.path,
                  "authentication");  // whoever may come in without a password
  } else if (whole && !password.empty() && source_user && roles.source_password.empty() &&
             (type == "legacy-password" || (type == "static" && is_for_sources(role)))) {
    take("password", roles.source_password, password);
  } else if (whole && !password.empty() && type == "static" && admin && !user.empty() &&
             methods_of(role).empty() && roles.admin_password.empty()) {
    take("username", roles.admin_user, user);
    take("password", roles.admin_password, password);
  } else {
    filler.left_out(role.line, role.name,
                    "a role of type " + quoted(type) +
                        " as this one has no counterpart; see source-password, admin-password and "
                        "the authentication of mounts");
  }
}

// -- relays --------------------------------------------------------------------------------------

void adopt_relay(const XmlNode& node, const std::string& relay_path, const MountSettings& mount,
                 Config& config, Filler& filler) {
  RelaySettings& relay = config.relays.emplace_back();
  relay.on_demand = config.relays_on_demand;
  const std::string path = "relay[" + std::to_string(config.relays.size()) + "]";
  filler.fill(kRelayBlock, &relay, node, path);
  relay.local_mount = mount.name;
  filler.mapped(node.line, relay_path, path + "/local-mount");
  filler.mapped(node.line, relay_path, path);
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
    } else if (!adopt_mount_role(node, aside.path, mount, path, filler)) {
      mount.authenticator = {std::string(kClosed), {}};
      filler.wrote(node.line, path + "/authentication/@type");
      filler.left_out(
          node.line, node.name,
          "a role of type " + quoted(attribute_of(node, "type")) +
              " as this one has no counterpart; nobody may listen to the mount until it "
              "has an authentication of type htpasswd or url");
    }
  }
}

void adopt_uri(RelayHost& host, const std::string& path, Filler& filler) {
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
    filler.say(
        line, Severity::kError,
        "<uri>: " + quoted(host.uri) +
            " is not an address like http://radio.example.org:8000/live.mp3; it is not used");
    host.uri.clear();
    return;
  }
  host.server = name;
  host.port = static_cast<int>(*number);
  host.tls = tls;
  if (!mount.empty()) host.mount = mount;
  filler.mapped(line, path + "/uri", path + "/server");
  for (std::string_view part : {"/port", "/ssl", "/mount"}) {
    filler.mapped(line, path + "/uri", path + std::string(part));
  }
  host.uri.clear();
}

}  // namespace lb
