// Eligibility: which nodes may serve a listener at all: a table of rules, each about one node and
// one request.  Rules that break a limit of the node's are pick()'s: they depend on the
// other nodes.
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

// Why a node was not among the candidates, in the order in which it is asked.
enum class OutReason : std::uint8_t {
  kIn,
  kFree,  // no node in this slot
  kDead,
  kDraining,
  kJoining,
  kNotAdmitted,  // above <max-redirect-slaves>
  kNoShare,      // weight 0
  kScheme,       // no public address of this scheme for this family
  kProtection,   // does not enforce what the mount asks for
  kTags,
  kNotListed,    // does not carry the mount, and is used only for what it carries
  kCannotPull,   // says that it could not pull the mount, or any
  kNotRecorded,  // has not recorded what is asked for
  kSentBack,     // it has just sent this listener back
  // From here on: it may serve it, and others are better.
  kSuspect,
  kAvoided,     // the client comes from there
  kFar,         // of another country, and near ones have room
  kFull,        // a hard limit
  kAboveBound,  // above the utilisation up to which affinity fills it
  kNoCarrier,   // others carry the mount already
  kPassedOver,  // the mount needed one more node, and another came first
};
std::string_view to_text(OutReason reason) noexcept;

// A node, with what the rules need to know of it now.
struct Applicant {
  const Node& node;
  NodeState state;
  bool carries;
  ProtectionSet enforces;
  bool declined = false;                // it says that it would not serve this mount
  PullFault cannot = PullFault::kNone;  // pull this mount, which it does not carry
};

using NodeNames = std::set<std::string, std::less<>>;

// The node must have all of this.
struct Wanted {
  std::uint8_t reach = 0;  // Node::reach_bit(); this node itself needs no address
  ProtectionSet protection = 0;
  std::uint64_t tags = 0;
  bool unknown_tag = false;  // one that no node has
  NodeKey not_to = 0;
  const NodeNames* only = nullptr;  // those that have recorded it; null: any
};

// kIn, or the first rule that keeps it out.
OutReason why_out(const Applicant& applicant, const Wanted& wanted) noexcept;

}  // namespace lb
