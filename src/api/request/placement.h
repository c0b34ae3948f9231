// Placement: which node becomes the home of a new mount.  The node that is used least after it
// took the mount wins; a tie is settled by rendezvous, so that all masters choose alike.
//
// What counts is reserved, not on air: the sum over the records of what is placed at a node.
// Thread: pure functions.
// Source: doc/hosting.md.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cluster/nodes/node.h"

namespace lb {

// What a mount without a bitrate of its own is counted with.
constexpr std::uint64_t kUsualKbps = 128;

struct PlaceCandidate {
  std::string node;
  NodeState state = NodeState::kUp;
  std::string url = {};     // "http://host:8000", where encoders reach it; "": not known
  std::string unable = {};  // why it is no home of any mount; "": it may be
  std::vector<std::string> tags = {};
  std::vector<std::string> countries = {};        // that it is near to; none: it does not say
  std::optional<std::uint64_t> max_sources = {};  // nullopt: not limited
  std::uint64_t max_ingest_kbps = 0;              // 0: not limited
  std::uint64_t reserved_mounts = 0;              // of the records
  std::uint64_t reserved_kbps = 0;
  std::vector<std::string> spreads = {};  // of the mounts that are placed there
};

struct PlaceWish {
  std::string mount;
  std::vector<std::string> tags = {};  // the node must have all of them
  // Nodes that are near to it, then those that do not say, then the others; "": no wish.
  std::string country = {};
  std::string node = {};    // this one or none; "": any
  std::string spread = {};  // not beside a mount with the same word; "": no wish
  std::uint64_t kbps = kUsualKbps;
};

// Of one candidate: its use after the mount, or why it may not take it.
struct PlaceReason {
  std::string node;
  double use = 0;
  std::string refused;  // "": it may
};

struct Placed {
  std::string node;                  // "": no candidate may take it
  std::string backup = {};           // the second home, where one was asked for
  std::vector<PlaceReason> reasons;  // the best first, then those that may not
};

// Why a node that was asked for by its name may not take the mount, whatever its tags are; "": it
// may.
std::string refuse_move(const PlaceWish& wish, const PlaceCandidate& node);

Placed place_mount(const PlaceWish& wish, std::span<const PlaceCandidate> candidates);

}  // namespace lb
