#include <algorithm>
#include <array>
#include <cmath>

#include "cluster/balance/pick.h"

namespace lb {
namespace {

double utilisation(const Candidate& c) { return c.kbps / c.share_kbps; }

template <class Weight>
double total_of(std::span<const Candidate> candidates, Weight weight) {
  double total = 0;
  for (const Candidate& c : candidates) total += weight(c);
  return total;
}

// REQUIRES: weight() is never negative and is positive at least once; total: the sum.
template <class Weight>
std::size_t draw(std::span<const Candidate> candidates, Rng& rng, double total, Weight weight) {
  double mark = rng.unit() * total;
  std::size_t chosen = 0;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const double w = weight(candidates[i]);
    if (w <= 0) continue;
    chosen = i;  // kept, so that rounding at the far end still finds a node
    if ((mark -= w) < 0) break;
  }
  return chosen;
}

std::size_t draw_by_share(std::span<const Candidate> candidates, Rng& rng) {
  const auto share = [](const Candidate& c) { return c.share_kbps; };
  return draw(candidates, rng, total_of(candidates, share), share);
}

// The candidate with the least key; equal ones are equally likely.
template <class Key>
std::size_t least(std::span<const Candidate> candidates, Rng& rng, Key key) {
  std::size_t chosen = 0;
  std::uint64_t equals = 1;
  for (std::size_t i = 1; i < candidates.size(); ++i) {
    const double a = key(candidates[i]);
    const double b = key(candidates[chosen]);
    if (a < b) {
      chosen = i;
      equals = 1;
    } else if (a == b && rng.below(++equals) == 0) {
      chosen = i;
    }
  }
  return chosen;
}

// Random, because reports are old when they are read: "always the emptiest" would send all
// listeners of that time to one node.  In proportion to free room, so that a strong and a weak node
// fill up together.
std::size_t weighted_random(std::span<const Candidate> candidates, Rng& rng) {
  const auto room = [](const Candidate& c) { return c.room_kbps; };
  const double total = total_of(candidates, room);
  return total > 0 ? draw(candidates, rng, total, room) : draw_by_share(candidates, rng);
}

std::size_t two_choices(std::span<const Candidate> candidates, Rng& rng) {
  constexpr int kTries = 4;  // for a second one that differs from the first
  const std::size_t a = draw_by_share(candidates, rng);
  std::size_t b = a;
  for (int i = 0; i < kTries && b == a && candidates.size() > 1; ++i)
    b = draw_by_share(candidates, rng);
  return utilisation(candidates[b]) < utilisation(candidates[a]) ? b : a;
}

std::size_t least_util(std::span<const Candidate> candidates, Rng& rng) {
  return least(candidates, rng, utilisation);
}

std::size_t least_conn(std::span<const Candidate> candidates, Rng& rng) {
  return least(candidates, rng, [](const Candidate& c) { return c.listeners; });
}

std::size_t hash(std::span<const Candidate> candidates, Rng& rng) {
  return least(candidates, rng, [](const Candidate& c) { return -c.score; });
}

std::size_t round_robin(std::span<const Candidate> candidates, Rng& rng) {
  return least(candidates, rng, [](const Candidate& c) {
    return (static_cast<double>(c.turns) + 1) / c.share_kbps;
  });
}

std::size_t first(std::span<const Candidate> candidates, Rng& rng) {
  return least(candidates, rng, [](const Candidate& c) { return static_cast<double>(c.order); });
}

using enum BalancePolicy;
constexpr auto kPolicies = std::to_array<PolicyRow>({
    {kWeightedRandom, "weighted-random", weighted_random, false,
     "random, in proportion to free room"},
    {kTwoChoices, "p2c", two_choices, false, "two at random, the less utilised of them"},
    {kLeastUtil, "least-util", least_util, false, "the smallest share of capacity in use"},
    {kLeastConn, "least-conn", least_conn, false, "the fewest listeners; for equal nodes only"},
    {kHash, "hash", hash, true,
     "always the same node for a mount, up to 1.25 times the mean utilisation"},
    {kRoundRobin, "round-robin", round_robin, false, "in turn, in proportion to capacity"},
    {kFirst, "first", first, false, "in the order of the configuration, each until it is full"},
});

// Uniform in (0, 1), by the hash of both names.
double unit_of(NodeKey node, std::uint64_t mount) {
  std::uint64_t x = node ^ (mount * 0x9e3779b97f4a7c15ULL);
  x = (x ^ (x >> 32)) * 0xd6e8feb86659fd93ULL;
  x = (x ^ (x >> 29)) * 0x94d049bb133111ebULL;
  x ^= x >> 32;
  return (static_cast<double>(x >> 11) + 0.5) * 0x1.0p-53;
}

}  // namespace

std::span<const PolicyRow> balance_policies() noexcept { return kPolicies; }

const PolicyRow& policy_row(BalancePolicy policy) noexcept {
  const auto found = std::find_if(kPolicies.begin(), kPolicies.end(),
                                  [policy](const PolicyRow& row) { return row.policy == policy; });
  return found == kPolicies.end() ? kPolicies.front() : *found;
}

// Weighted rendezvous: weight / -ln(u).
double rendezvous_score(NodeKey node, std::uint64_t mount, double weight) noexcept {
  return weight / -std::log(unit_of(node, mount));
}

double rendezvous_above(double least, NodeKey node, std::uint64_t mount, double weight) noexcept {
  const double u = unit_of(node, mount);
  if (weight <= least * (1 - u)) return 0;  // -ln(u) is never below 1 - u
  const double score = weight / -std::log(u);
  return score > least ? score : 0;
}

std::uint64_t mount_hash(std::string_view mount) noexcept { return node_key(mount); }

}  // namespace lb
