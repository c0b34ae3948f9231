// Inheritance in a relay: a <host> without a value takes the relay's, and one without a priority
// follows the hosts before it.
// Thread: pure functions.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

#include "config/settings/cluster_config.h"

namespace lb {

// says(index of the host, element): whether the file has the element.
template <class Says>
void inherit_from_relay(RelaySettings& relay, Says says) {
  int last = 0;
  for (std::size_t i = 0; i < relay.hosts.size(); ++i) {
    RelayUpstreamSettings& host = relay.hosts[i];
    const auto inherit = [&](std::string_view name, auto RelayUpstreamSettings::*member) {
      if (!says(i, name)) host.*member = relay.host.*member;
    };
    inherit("server", &RelayUpstreamSettings::server);
    inherit("port", &RelayUpstreamSettings::port);
    inherit("mount", &RelayUpstreamSettings::mount);
    inherit("bind", &RelayUpstreamSettings::bind_address);
    inherit("ssl", &RelayUpstreamSettings::tls);
    inherit("timeout", &RelayUpstreamSettings::timeout);
    if (host.priority == 0) host.priority = last + 1;
    last = std::max(last, host.priority);
  }
}

}  // namespace lb
