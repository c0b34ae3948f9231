// What this node offers to the nodes that are linked to it, and what it pulls of the offers of its
// masters.
// Thread: control; functions of what they are given.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "app/services.h"
#include "cluster/frame.h"
#include "cluster/master_session.h"
#include "cluster/relay.h"

namespace lb {

// A link to a master, and what the configuration says about it.
struct MasterLink {
  MasterSettings settings;
  std::unique_ptr<MasterSession> session;
};

// Every mount that can be listened to here, with the way that it has come.
std::vector<StreamOffer> stream_offers(const Services& services, const std::string& own_id,
                                       const std::vector<MasterLink>& masters);

struct LinkedStream {
  std::string mount;
  Upstream upstream;
  std::chrono::seconds run_on{0}, retry_delay{0};
};
// For each mount the best upstream first.
std::vector<LinkedStream> streams_to_pull(const Config& config,
                                          const std::vector<MasterLink>& masters);

}  // namespace lb
