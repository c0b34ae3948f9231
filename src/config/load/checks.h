// Checks of more than one element: passwords, ports, mounts that hide each other, and
// the places where the order of the file matters.
// Thread: one; part of a load.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/load/filler.h"
#include "config/load/loader.h"
#include "config/schema/xml_node.h"
#include "config/settings/config.h"

namespace lb {

// Reports where the order of elements changes Icecast's result.
void check_order(const XmlNode& root, const Config& config, Filler& filler);
// Removes headers that would break a reply, and incomplete aliases.
void drop_bad_headers(std::vector<HttpHeader>& headers, const std::string& path, Filler& filler);
void drop_bad_aliases(std::vector<Alias>& aliases, Filler& filler);
// "mount[2]": messages count from one.
std::string numbered(std::string_view element, std::size_t index);
// Passwords of published examples.
bool is_default_password(std::string_view password);
// Whether all its upstreams have a port.
bool can_connect(const RelaySettings& relay);
void check_mount(const MountSettings& mount, const XmlNode& node, Filler& filler);
void check_mounts(const Config& config, Filler& filler);
void check_relays(const Config& config, Filler& filler);
void check_masters(const Config& config, Filler& filler);
void check_cluster(const Config& config, Filler& filler);
void check_external(const Config& config, Filler& filler);
void check_acme(const Config& config, Filler& filler);
void check_audience(const Config& config, Filler& filler);
void check_webhooks(const Config& config, Filler& filler);
void check_stations(const Config& config, Filler& filler);
void check_store(const Config& config, Filler& filler);
void check_config(const Config& config, Filler& filler, const LoadOptions& options);

}  // namespace lb
