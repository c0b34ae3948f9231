// The streams that this server offers to its linked nodes, and those that it pulls from the offers
// of its masters.
// Thread: control; functions of what they are given.
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

// A link to a master, and what the configuration says about it.
struct MasterLink {
  MasterSettings settings;
  std::unique_ptr<MasterSession> session;
};

// The way that the stream of a mount has come before this node, where that is known whatever
// masters offer: empty where this node captures it for the others.
using WayOf = std::function<std::optional<std::vector<std::string>>(const std::string& mount)>;

// A mount that can be listened to here, with the way that it has come; nullopt: it is not offered.
std::optional<StreamOffer> stream_offer(const Config& config, const Mount& mount,
                                        const std::string& own_id,
                                        const std::vector<MasterLink>& masters,
                                        const WayOf& way_of);
struct LinkedStream {
  Upstream upstream;
  std::chrono::seconds run_on{0}, retry_delay{0};
};
// Of this mount, the best upstream first.
std::vector<LinkedStream> streams_to_pull(const Config& config,
                                          const std::vector<MasterLink>& masters,
                                          const std::string& mount);

}  // namespace lb
