// BalanceSettings: how listeners are shared out among the nodes of a cluster: <balance> and what
// belongs to it, for all mounts and for single ones.
//
// Three questions, answered one after the other and independently: which nodes may serve this
// listener at all; which of them carry the mount already (affinity); and which of these it is
// (policy).
//
// Thread: plain values.  Where the defaults come from: doc/balancing.md.
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
  kHash,            // always the same node for a mount, while that is not above its bound
  kRoundRobin,      // in turn, in proportion to capacity
  kFirst,           // in the order of the configuration, each until it is full
};

enum class BalanceWhen : std::uint8_t {
  kAlways,
  kFull,  // only what this node has no room for (Icecast-KH's way)
  kNever,
};

// What can be different for one mount.
struct BalanceRules {
  BalancePolicy policy = BalancePolicy::kWeightedRandom;
  BalanceWhen when = BalanceWhen::kAlways;
  bool affinity = true;
  // A mount with busy_listeners or more is spread over at least this many nodes, so that the death
  // of one does not interrupt all of them.
  unsigned min_carriers = 2;
  unsigned busy_listeners = 10;

  bool operator==(const BalanceRules&) const = default;
};

struct BalanceSettings {
  BalanceRules rules{};
  std::map<std::string, BalanceRules, std::less<>> mounts{};  // complete, not differences

  // A node is open to new listeners of a mount while its utilisation is at most
  // max(floor, (1 + eps) × the mean of the nodes that may serve them).
  double eps = 0.05;
  double floor = 0;
  // This and the next two are not in the configuration: they decide how many relays a cluster needs
  // at the same spread, were chosen by simulation (doc/balancing.md), and what another value
  // would do only another simulation shows.  `eps` and `floor` are, and move what they are
  // about. A light mount, whose listeners need less than light_part of a mean node, stays where it
  // is up to (1 + light_eps) × the mean: it saves many relays and moves little.
  double light_eps = 0.10;
  double light_part = 0.05;
  double hash_eps = 0.25;  // eps of the policy "hash"

  int max_redirect_slaves = -1;  // <max-redirect-slaves>; 0: no redirects, -1: no limit
  // After the start, requests wait this long for nodes to report, unless all that are expected
  // have.
  std::chrono::milliseconds hold{1000};
  // What may be served here, past the policy, to clients that cannot be redirected: this part of
  // our own capacity.
  double direct_budget = 0.10;
  std::chrono::seconds retry_after{2};  // with a refusal

  const BalanceRules& rules_for(std::string_view mount) const {
    const auto found = mounts.find(mount);
    return found == mounts.end() ? rules : found->second;
  }
};

}  // namespace lb
