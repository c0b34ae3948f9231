// ClusterFacts, MasterClocks: the state of the cluster that workers read for each request.
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

// The cluster's state for workers.
struct ClusterFacts {
  std::string id;       // of this node
  std::string epoch;    // of this run of the process
  std::string mark;     // "m1.9f3c21aa": this run of this node, unique
  bool member = false;  // of a cluster, which its requests show
  bool redirects = false;
  TokenKeys keys, open_keys = TokenKeys::open();
  TokenRequire require = TokenRequire::kOff;
  std::vector<std::string> names;  // names of this node at masters
  KnownNodes known;
  // This node's name and secret at each master; a master that pulls a stream of a source here
  // proves itself with them.
  std::vector<KnownNodes> as_node;
  std::vector<std::string> no_redirect;
  std::uint64_t places = kNoDescriptorLimit;  // for connections, by the system's limit
};

// How far masters' wall clocks are ahead of ours, to check the times that they signed.  A token
// names its master by one byte, which two masters may share.
struct MasterClocks {
  std::map<std::string, std::chrono::milliseconds, std::less<>> ahead;  // by id
  // The offsets of all masters with this byte; {0}: none known.
  std::vector<std::chrono::milliseconds> of(std::uint8_t tag) const;
  // The offset of this master; 0: unknown.
  std::chrono::milliseconds of(std::string_view id) const;
  // The offset nearest to 0, which judges the times in masters' records.
  std::chrono::milliseconds nearest() const;
};

}  // namespace lb
