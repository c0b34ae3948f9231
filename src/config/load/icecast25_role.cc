#include "config/load/icecast25_role.h"

#include <algorithm>
#include <array>

#include "base/cat.h"
#include "base/strings.h"
#include "config/schema/diagnostic.h"

namespace lb {
namespace {

// Attributes that grant nothing, or are read together elsewhere.
constexpr auto kPlain = std::to_array<std::string_view>(
    {"type", "name", "management-url", "method", "match-method", "nomatch-method", "allow-method",
     "deny-method", "allow-all", "deny-all",
     // Listeners of a mount have no rights under /admin/ here, whatever the role: fewer than it may
     // grant, never more.
     "allow-admin", "deny-admin",
     // What the web server of `url` may change in an answer; here it may do what its options say.
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
  // "method" is the older name of match-method.
  const std::string_view asked = first_of(node, {"match-method", "method"});
  const std::string_view not_asked = attribute_value(node, "nomatch-method");
  const std::string_view allowed = attribute_value(node, "allow-method");
  const std::string_view denied = attribute_value(node, "deny-method");
  for_all_ = asked.empty() && not_asked.empty() && allowed.empty();
  // Files that say allow-method alone mean that the role is for those.
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
    // Every client may get pages anyway, so that all of them is no limit.
    if (value == "*") return;
  } else if (name == "connection-duration") {
    if (is_unlimited(value)) return;
  }
  if (obstacle_.empty()) obstacle_ = cat({name, "=", quoted(value)});
}

}  // namespace lb
