#include "app/topology/own_origins.h"

#include <algorithm>
#include <utility>

#include "app/topology/cluster_plans.h"
#include "base/strings.h"
#include "cluster/nodes/public_address.h"
#include "net/address/address.h"

namespace lb {
namespace {

bool is_wildcard(const std::string& address) {
  return address.empty() || address == "0.0.0.0" || address == "::";
}

}  // namespace

std::vector<std::string> own_origins(const Config& config) {
  std::vector<std::string> origins;
  // Browsers send names in lower case.
  const auto add = [&origins](std::string origin) {
    origin = to_lower(origin);
    if (std::find(origins.begin(), origins.end(), origin) == origins.end())
      origins.push_back(std::move(origin));
  };
  for (const std::string& origin : config.console.origins) add(origin);
  for (const NodeAddress& address : own_addresses(config)) add(origin_of(address));
  for (const ListenSettings& socket : config.listen) {
    const PublicScheme scheme = socket.tls ? PublicScheme::kHttps : PublicScheme::kHttp;
    const auto port = static_cast<std::uint16_t>(socket.port);
    for (const std::string& host : {config.hostname, socket.bind_address})
      if (!is_wildcard(host))
        if (const auto address = make_public_address(scheme, host, port)) add(origin_of(*address));
  }
  return origins;
}

}  // namespace lb
