// ClusterRecord: this server's state in its cluster, for the process that replaces it, which
// remains the same run to all others (epoch, keys, growing numbers): no node becomes dead and no
// redirect invalid.  Nodes and masters have their own records.
//
// Thread: plain values.
// Source: doc/architecture.md, "The hand-over".
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/record.h"
#include "cluster/nodes/node_record.h"
#include "cluster/relay/pull_history.h"
#include "stream/mount/moved_fd.h"

namespace lb {

// The key that signs a master's redirects to this node.
struct KeyRecord {
  std::string master, bytes;
  std::uint8_t name = 0;
  static constexpr PlainRecord kRecord{.members = 3};
};

// Recordings of another node, or sources and titles at nodes, as a neighbour has sent them.
struct HolderRecord {
  std::string sender;
  std::string row;                      // as a frame of the link; of recordings a single row
  std::vector<std::uint32_t> named_by;  // of recordings: a Reach; one or none
};
template <class Io, RecordOf<HolderRecord> T>
void record_fields(Io& io, T& holder) {
  auto& [sender, row, named_by] = holder;
  io.needed(1, sender);
  io.needed(2, row);
  io(3, named_by);
}

struct ClusterRecord {
  std::string epoch, link_secret;
  std::vector<std::uint64_t> arrivals;  // by the tags of masters
  std::vector<KeyRecord> keys;          // a master's newest first
  std::vector<std::pair<std::string, std::uint64_t>> weights;
  // A program that does not save last_report has counted from 1, once a second at most, and has not
  // reached this number.
  RunNumbers numbers{.last_report = 1'000'000'000};
  std::vector<MovedFd> links;          // to masters, open until replaced
  std::vector<NodeRecord> configured;  // this server, and those that never report
  PullHistories pulls;                 // marks that were used
};
template <class Io, RecordOf<ClusterRecord> T>
void record_fields(Io& io, T& cluster) {
  auto& [epoch, link_secret, arrivals, keys, weights, numbers, links, configured, pulls] = cluster;
  auto& [next_message, next_pull_of_master, next_pull_of_node, last_report] = numbers;
  io.needed(1, epoch, link_secret);
  io(3, arrivals, keys, weights, next_message, next_pull_of_master, next_pull_of_node, links,
     configured, last_report, pulls);
}

}  // namespace lb
