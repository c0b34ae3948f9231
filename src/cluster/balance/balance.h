// BalanceSettings: how listeners are spread over the nodes of a cluster (<balance> and related
// elements), for all mounts and for single ones.
//
// Three independent questions are asked in this order: which nodes may serve this listener; which
// of them carry the mount already (affinity); and which of these is chosen (policy).
//
// Thread: plain values.
// Source: doc/balancing.md, for the defaults.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace lb {

enum class BalancePolicy : std::uint8_t {
  kWeightedRandom,  // random, in proportion to free room
  kTwoChoices,      // p2c: two at random, the less utilised of them
  kLeastUtil,       // the smallest share of capacity in use
  kLeastConn,       // the fewest listeners, whatever the capacity
  kHash,            // the same node for a mount, while it is below its bound
  kRoundRobin,      // in turn, in proportion to capacity
  kFirst,           // in the order of the configuration, each until full
};

enum class BalanceWhen : std::uint8_t {
  kAlways,
  kFull,  // only listeners that this node has no room for (Icecast-KH)
  kNever,
};

// The rules that a single mount may set for itself.
struct BalanceRules {
  BalancePolicy policy = BalancePolicy::kWeightedRandom;
  BalanceWhen when = BalanceWhen::kAlways;
  bool affinity = true;
  // A mount with busy_listeners or more listeners is spread over at least this many nodes, so that
  // the death of one node does not interrupt all of them.
  unsigned min_carriers = 2;
  unsigned busy_listeners = 10;

  bool operator==(const BalanceRules&) const = default;
};

struct BalanceSettings {
  BalanceRules rules{};
  std::map<std::string, BalanceRules, std::less<>> mounts{};  // complete rules, not differences

  // A node is open to new listeners of a mount while its utilisation is at most
  // max(floor, (1 + eps) × the mean of the nodes that may serve them).
  double eps = 0.05;
  double floor = 0;
  // light_eps, light_part and hash_eps are not in the configuration: simulation chose them
  // (doc/balancing.md), and only simulation shows the effect of another value.  A light mount,
  // whose listeners need less than light_part of a mean node, stays where it is up to (1 +
  // light_eps) × the mean: that saves many relays and moves few listeners.
  double light_eps = 0.10;
  double light_part = 0.05;
  double hash_eps = 0.25;  // eps of the policy "hash"

  int max_redirect_slaves = -1;  // <max-redirect-slaves>; 0: no redirects, -1: no limit
  // After the start, requests wait this long for nodes to report, or until all expected nodes have.
  std::chrono::milliseconds hold{1000};
  // The part of this node's capacity for clients that cannot be redirected, whatever the policy.
  double direct_budget = 0.10;
  std::chrono::seconds retry_after{2};  // with a refusal

  const BalanceRules& rules_for(std::string_view mount) const {
    const auto found = mounts.find(mount);
    return found == mounts.end() ? rules : found->second;
  }
};

}  // namespace lb
