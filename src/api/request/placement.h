// Placement: chooses the home of a new mount: the node with the least use after taking it.
// Rendezvous hashing settles ties, so that all masters choose alike.
//
// Use is reserved, not measured: the sum over the records of mounts placed at a node.
// Thread: pure functions.
// Source: doc/hosting.md.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cluster/nodes/node.h"
#include "config/mounts/mount_record.h"

namespace lb {

// The rate of a mount without its own bitrate.
constexpr std::uint64_t kUsualKbps = 128;

struct PlaceCandidate {
  std::string node;
  NodeState state = NodeState::kUp;
  std::string url = {};     // "http://host:8000" for encoders; "": not known
  std::string unable = {};  // why it cannot be a home; "": it can
  std::vector<std::string> tags = {};
  std::vector<std::string> countries = {};        // that it is near to; empty: not given
  std::optional<std::uint64_t> max_sources = {};  // nullopt: not limited
  std::uint64_t counted_sources = 0;              // of them in its share; 0: all
  std::uint64_t max_ingest_kbps = 0;              // 0: not limited
  std::uint64_t reserved_mounts = 0;              // by the records
  std::uint64_t reserved_kbps = 0;
  std::vector<std::string> spreads = {};  // of the mounts placed there
};

// The node must have all tags.  Nodes near to the country come first, then those without countries,
// then the others.
struct PlaceWish : RecordPlace {
  std::string mount = {};
  std::uint64_t kbps = kUsualKbps;
};

// A candidate's use after taking the mount, or why it may not.
struct PlaceReason {
  std::string node;
  double use = 0;
  std::string refused;  // "": it may
};

struct Placed {
  std::string node;                  // "": no candidate may take it
  std::string backup = {};           // the second home, if requested
  std::vector<PlaceReason> reasons;  // best first, refused ones last
};

// Why a named node may not take the mount, whatever its tags; "": it may.
std::string refuse_move(const PlaceWish& wish, const PlaceCandidate& node);

Placed place_mount(const PlaceWish& wish, std::span<const PlaceCandidate> candidates);

}  // namespace lb
