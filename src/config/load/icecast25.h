// Converts elements of Icecast 2.5: roles, event bindings, relays inside a mount, addresses of
// upstreams.  Elements without a counterpart are reported, and never open a mount: with roles that
// cannot be expressed, every listener is refused.
//
// Thread: one; part of a load.
// Source: Icecast 2.5's documented elements.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/load/filler.h"
#include "config/schema/xml_node.h"
#include "config/settings/config.h"

namespace lb {

// Role25: one <role> of Icecast 2.5: its clients, their rights, and the attributes that cannot be
// expressed here.
// Source: Icecast 2.5's documented attributes. match-*, nomatch-*: the requests that the role
// judges; allow-*, deny-*: the rights of its clients.  By default a role judges all requests, and
// allows get, head and post.
class Role25 {
 public:
  using Options = std::vector<std::pair<std::string, std::string>>;

  explicit Role25(const XmlNode& node);

  const std::string& type() const noexcept { return type_; }
  const Options& options() const noexcept { return options_; }
  std::string_view option(std::string_view name) const;

  // It judges sources by name (an unnamed "all methods" is not meant for them).
  bool for_sources() const noexcept { return for_sources_; }
  // It judges listeners.
  bool for_listeners() const noexcept { return for_listeners_; }
  bool for_all_methods() const noexcept { return for_all_; }
  // Its clients may listen.
  bool may_listen() const noexcept { return may_listen_; }
  bool is_admin() const noexcept { return is_admin_; }
  // Each user may listen once at a time.
  bool one_connection() const noexcept { return one_connection_; }
  // "connections-per-user=\"2\"": the first attribute without a counterpart; "": none.
  const std::string& obstacle() const noexcept { return obstacle_; }

 private:
  void read_attribute(std::string_view name, std::string_view value);

  std::string type_, obstacle_;
  Options options_;
  bool for_sources_ = false, for_listeners_ = false, for_all_ = false;
  bool may_listen_ = false, is_admin_ = false, one_connection_ = false;
};

// Whether a list such as "get, head" has the word, or all (*).
bool list_names(std::string_view list, std::string_view word);
// The value of an attribute of any element; "": none.
std::string_view attribute_value(const XmlNode& node, std::string_view name);

// The authentication of a mount whose roles cannot be expressed.  No authenticator has this name,
// so every listener is refused.
inline constexpr std::string_view kClosedByRoles = "role";

// The <role> and <event-bindings> outside of mounts.  Events go to the default mount.
void adopt_global_asides(const std::vector<Filler::Aside>& asides, Config& config, Filler& filler);

// The same of a mount, and its <relay>. path: of the mount.
void adopt_mount_asides(const std::vector<Filler::Aside>& asides, MountSettings& mount,
                        const std::string& path, Config& config, Filler& filler);

// Splits RelayUpstreamSettings::uri. path: of its relay or host.
void adopt_uri(RelayUpstreamSettings& host, const std::string& path, Filler& filler);

}  // namespace lb
