// pick(): chooses where one listener is served.  A pure function of the table, the settings, the
// request, a generator and the time: server, simulator and tests call the same one.
//
// Steps: (1) nodes that may serve this listener, by a table of rules; (2) with affinity, those that
// carry the mount, or one more if they are too few or too full; (3) one of them, by a policy.  A
// node's limit (kbit/s, listeners, new listeners a second) is never exceeded; a listener for which
// no node has room is served here or refused.
//
// A listener is never sent from https to http, and never redirected twice.  A relay is never
// redirected, because a stock slave would send the relay password along.
//
// Thread: any; nothing else uses the view during the call.  Cost: one pass over the nodes; no
// state.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "cluster/balance/balance.h"
#include "cluster/balance/eligibility.h"
#include "cluster/nodes/node_table.h"

namespace lb {

struct PickView {
  const NodeTable& table;
  const BalanceSettings& settings;
};

struct PickRequest {
  std::string_view mount{};  // after aliases
  double kbps = 0;           // 0: the table's value for the mount, else 128
  PublicScheme scheme = PublicScheme::kHttp;
  ClientFamily family = ClientFamily::kIpv4;
  std::string_view country{};                // two letters; "": not known
  std::span<const std::string_view> tags{};  // the node must have all of them
  ProtectionSet needs = 0;                   // protections that the mount needs
  bool relay = false;               // a relay, a peer, an administrator: always served here
  bool redirected = false;          // came with a valid token: is not redirected again
  bool direct = false;              // cannot follow: served here within the direct budget
  NodeKey avoid = 0;                // the node that it was sent to a moment ago
  bool full_here = false;           // the mount has no place left at this server
  bool sent_back = false;           // … which sent it back, so it is not sent there again
  const NodeNames* only = nullptr;  // nodes with the asked recording; null: any
};

enum class PickReason : std::uint8_t {
  kDrawn,         // the policy chose
  kNewCarrier,    // the mount needed one more node
  kRelay,         // never redirected
  kNever,         // when="never", or <max-redirect-slaves> is 0
  kRoomHere,      // when="full", and there is room here
  kCannotFollow,  // served here within the direct budget
  kArrived,       // came with a token
  kNobodyElse,    // no other node may serve the listener
  kClusterFull,   // other nodes may serve it, but have no room
  kHeld,          // this master has just started
};
std::string_view to_text(PickReason reason) noexcept;

struct Choice {
  enum class Kind : std::uint8_t {
    kRedirect,  // to `node`
    kServe,     // here
    kHold,      // ask again at hold_until
    kRefuse,    // 503 with retry_after
  };
  Kind kind = Kind::kServe;
  PickReason reason = PickReason::kNobodyElse;
  NodeSlot node = kNoNode;  // of kRedirect; of kServe: this one, if it is in the table
  double kbps = 0;          // the load to account with issued()
  SteadyTime hold_until{};
  std::chrono::seconds retry_after{0};
};

// How the choice came about, for /admin/cluster/explain.
struct PickTrace {
  struct Row {
    NodeSlot node = kNoNode;
    OutReason out = OutReason::kIn;
    bool carries = false;
    PullFault cannot = PullFault::kNone;  // of kCannotPull
    double utilisation = 0;               // estimate / share
    double room_kbps = 0;                 // the weight in a draw by free room
    bool chosen = false;
  };
  std::vector<Row> rows{};  // every node of the table
  double mean_utilisation = 0;
  double bound = 0;    // max(floor, (1 + eps) × mean)
  bool light = false;  // the mount is light: its carriers may exceed the bound, up to light_eps
  std::string_view policy{};
  bool affinity = false;
};

// Does not change the table: call NodeTable::issued() once the answer is sent.
Choice pick(const PickView& view, const PickRequest& request, Rng& rng, SteadyTime now,
            PickTrace* trace = nullptr);

// -- step 3 ------------------------------------------------------------------------------------
struct Candidate {
  NodeSlot node = kNoNode;
  double share_kbps = 0;  // > 0
  double kbps = 0;        // estimate, with the new listener
  double room_kbps = 0;   // >= 0; all 0: every node is above nominal capacity
  double listeners = 0;
  double score = 0;  // rendezvous of (node, mount); 0 if it cannot be the highest
  std::uint64_t turns = 0;
  unsigned order = 0;
};
// The index of the chosen candidate.  REQUIRES: !candidates.empty()
using PolicyFunction = std::size_t (*)(std::span<const Candidate>, Rng&);
struct PolicyRow {
  BalancePolicy policy;
  std::string_view name;  // in the configuration
  PolicyFunction choose;
  bool bounded;  // without affinity: only nodes below (1 + hash_eps) × the mean, if any
  std::string_view help;
};
std::span<const PolicyRow> balance_policies() noexcept;
const PolicyRow& policy_row(BalancePolicy policy) noexcept;

// Weighted rendezvous (highest random weight): each node's share of mounts is in proportion to its
// weight, and a node that comes or goes moves only its own mounts.
double rendezvous_score(NodeKey node, std::uint64_t mount_hash, double weight) noexcept;
// The score if it exceeds `least`, else 0; most nodes of a long list then need no logarithm.
double rendezvous_above(double least, NodeKey node, std::uint64_t mount_hash,
                        double weight) noexcept;
std::uint64_t mount_hash(std::string_view mount) noexcept;

}  // namespace lb
