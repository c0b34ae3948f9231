// ClusterFacts, MasterClocks: what workers read of the cluster with each request.
//
// Thread: any; immutable once published.
// Ownership: ClusterService publishes them; each reader holds the one it read.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "app/process/process_usage.h"
#include "cluster/balance/redirect_token.h"
#include "cluster/nodes/known_nodes.h"
#include "config/settings/cluster_config.h"

namespace lb {

// What workers need to know of the cluster.
struct ClusterFacts {
  std::string id;       // of this node
  std::string epoch;    // of this run of the process
  std::string mark;     // "m1.9f3c21aa": this run of this node, which no other server can be
  bool member = false;  // of a cluster: its requests to other servers say so
  bool redirects = false;
  TokenKeys keys, open_keys = TokenKeys::open();
  TokenRequire require = TokenRequire::kOff;
  std::vector<std::string> names;  // under which masters know this node
  KnownNodes known;
  // This node as its masters know it: the name and the secret at each.  A master that pulls a
  // stream which begins here proves itself with them.
  std::vector<KnownNodes> as_node;
  std::vector<std::string> no_redirect;
  std::uint64_t places = kNoDescriptorLimit;  // for connections, as the system allows
};

// How far the wall clocks of masters are ahead of ours, for the check of what they signed.  A token
// names its master by one byte, so two of them may have the same.
struct MasterClocks {
  std::map<std::string, std::chrono::milliseconds, std::less<>> ahead;  // by id
  // Of all with this byte; {0} where none is known.
  std::vector<std::chrono::milliseconds> of(std::uint8_t tag) const;
  // Of this id; 0 where it is not known.
  std::chrono::milliseconds of(std::string_view id) const;
  // What the masters' records say of time is judged by: of the one that is nearest to ours.
  std::chrono::milliseconds nearest() const;
};

}  // namespace lb
