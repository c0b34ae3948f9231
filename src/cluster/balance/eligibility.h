// Eligibility: which nodes may serve a listener, by a table of rules, each about one node and one
// request. pick() applies the reasons from kSuspect on, which depend on the other nodes.
//
// Thread: pure functions.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <string_view>

#include "cluster/nodes/node.h"

namespace lb {

// Why a node is not a candidate, in the order of the checks.
enum class OutReason : std::uint8_t {
  kIn,
  kFree,  // no node in this slot
  kDead,
  kDraining,
  kJoining,
  kNotAdmitted,  // above <max-redirect-slaves>
  kNoShare,      // weight 0
  kScheme,       // no public address of this scheme for this family
  kProtection,   // does not enforce a protection of the mount
  kTags,
  kNotListed,    // does not carry the mount, and serves only mounts it carries
  kCannotPull,   // reports that it cannot pull the mount, or any
  kNotRecorded,  // has no recording of the asked time
  kSentBack,     // it has just sent this listener back
  // From here on the node may serve the listener, but others are better.
  kSuspect,
  kAvoided,     // the client comes from there
  kFar,         // in another country, while near nodes have room
  kFull,        // a hard limit
  kAboveBound,  // above the utilisation up to which affinity fills it
  kNoCarrier,   // others carry the mount already
  kPassedOver,  // the mount needed one more node, and another was chosen
};
std::string_view to_text(OutReason reason) noexcept;

// A node, with the facts that the rules need.
struct Applicant {
  const Node& node;
  NodeState state;
  bool carries;
  ProtectionSet enforces;
  bool declined = false;                // it reports that it would not serve this mount
  PullFault cannot = PullFault::kNone;  // why it cannot pull this mount, which it does not carry
};

using NodeNames = std::set<std::string, std::less<>>;

// The requirements of a request; the node must meet all.
struct Wanted {
  std::uint8_t reach = 0;  // Node::reach_bit(); this node itself needs no address
  ProtectionSet protection = 0;
  std::uint64_t tags = 0;
  bool unknown_tag = false;  // a tag that no node has
  NodeKey not_to = 0;
  const NodeNames* only = nullptr;  // nodes with the recording; null: any
};

// kIn, or the reason of the first rule that excludes the node.
OutReason why_out(const Applicant& applicant, const Wanted& wanted) noexcept;

}  // namespace lb
