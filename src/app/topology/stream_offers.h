// The streams that this server offers to its linked nodes, and the streams that it pulls from the
// offers of its masters.
// Thread: control; pure functions.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cluster/link/frame.h"
#include "cluster/relay/relay_plans.h"
#include "config/settings/cluster_config.h"

namespace lb {

class MasterSession;
class Mount;
struct Config;

// A link to a master, with its part of the configuration.
struct MasterLink {
  MasterSettings settings;
  std::unique_ptr<MasterSession> session;
};

// The path of a mount's stream to this node, where that does not depend on the masters' offers:
// empty if this node captures it for the others.
using WayOf = std::function<std::optional<std::vector<std::string>>(const std::string& mount)>;

// The offer of a mount that can be heard here, with its path; nullopt: none.
std::optional<StreamOffer> stream_offer(const Config& config, const Mount& mount,
                                        const std::string& own_id,
                                        const std::vector<MasterLink>& masters,
                                        const WayOf& way_of);
struct LinkedStream {
  Upstream upstream;
  std::chrono::seconds run_on{0}, retry_delay{0};
};
// The upstreams of this mount, the best first.
std::vector<LinkedStream> streams_to_pull(const Config& config,
                                          const std::vector<MasterLink>& masters,
                                          const std::string& mount);

}  // namespace lb
