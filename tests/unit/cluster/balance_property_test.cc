// What must hold for every pick, whatever happens to the cluster around it.
#include <array>
#include <cmath>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include "cluster/some_cluster.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t kNodes = 24;
constexpr unsigned kPicks = 1'000'000;
constexpr unsigned kMounts = 50;

// A node as it really is, and what the master may therefore never do.
struct Truth {
  NodeSlot slot = kNoNode;
  bool alive = false;
  bool draining = false;
  unsigned epoch = 0;
  double cap_kbps = 0;
  unsigned cap_listeners = 0;
  double kbps = 0;
  unsigned listeners = 0;
  std::uint64_t arrivals = 0;
  std::vector<double> on_the_way;
};

}  // namespace

TEST_GROUP(BalanceProperty) {
  SomeCluster cluster;
  Rng rng{20'261'120};
  std::array<Truth, kNodes> nodes;

  void sign_up(std::size_t i) {
    Truth& node = nodes[i];
    node = Truth{};
    node.epoch = static_cast<unsigned>(rng.next());
    node.cap_kbps = 128.0 * static_cast<double>(10 + rng.below(400));
    node.cap_listeners = static_cast<unsigned>(10 + rng.below(400));
    NodeHello hello = SomeCluster::hello("edge" + std::to_string(i), node.cap_kbps);
    hello.epoch = std::to_string(node.epoch);
    hello.capacity.listeners = node.cap_listeners;
    hello.arrivals = 0;
    hello.every = 250ms;
    hello.masters = static_cast<unsigned>(1 + rng.below(3));
    if (i % 5 == 0) hello.tags = {"premium"};
    if (i % 3 == 0)
      hello.addresses.push_back(make_node_address(PublicScheme::kHttps, "e.example.org", 443));
    node.slot = cluster.add(hello);
    node.alive = node.slot != kNoNode;
  }
  // Of 100,000 picks from as many nodes without affinity.
  double chi_square_of_picks(const std::vector<double>& weights) {
    constexpr unsigned kDraws = 100'000;
    BalanceSettings settings;
    settings.rules.affinity = false;
    PickRequest request;
    request.mount = "/a";
    std::vector<unsigned> count(weights.size());
    for (unsigned i = 0; i < kDraws; ++i)
      ++count[lb::pick({cluster.table, settings}, request, rng, cluster.now).node];
    const double all = std::accumulate(weights.begin(), weights.end(), 0.0);
    double chi_square = 0;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      const double expected = kDraws * weights[i] / all;
      chi_square += (count[i] - expected) * (count[i] - expected) / expected;
    }
    return chi_square;
  }
  void send_report(std::size_t i) {
    Truth& node = nodes[i];
    for (const double kbps : node.on_the_way) {
      if (rng.below(50) == 0) continue;  // never comes
      ++node.arrivals;
      ++node.listeners;
      node.kbps += kbps;
    }
    node.on_the_way.clear();
    while (node.listeners > 0 && rng.below(3) != 0) {
      node.kbps -= node.kbps / node.listeners;
      --node.listeners;
    }
    cluster.report_arrivals(node.slot, node.kbps, node.arrivals);
    LoadReport report = cluster.load(node.kbps, node.listeners);
    report.arrivals = node.arrivals;
    cluster.table.report(node.slot, report);
  }
  // Something happens to a node.
  void churn() {
    const std::size_t i = rng.below(kNodes);
    Truth& node = nodes[i];
    switch (rng.below(8)) {
      case 0:
        if (node.alive) {
          cluster.table.connection_lost(node.slot, "reset", cluster.now);
          node.alive = false;
        }
        break;
      case 1:
        if (node.alive) {
          cluster.table.bye(node.slot, "restart", cluster.now);
          node.alive = false;
        }
        break;
      case 2:
        if (node.alive) {
          cluster.table.drain(node.slot, "drain", cluster.now);
          node.draining = true;
        }
        break;
      case 3:
        if (node.alive && node.draining) {
          cluster.table.undrain(node.slot, cluster.now);
          node.draining = false;
        }
        break;
      case 4:
        if (!node.alive && node.slot != kNoNode) {
          cluster.table.forget(node.slot);
          node.slot = kNoNode;
        }
        break;
      case 5:
        if (node.alive)
          cluster.table.set_limits(node.slot, {.most = {.kbps = node.cap_kbps},
                                               .weight = static_cast<unsigned>(rng.below(4))});
        break;
      default:
        if (!node.alive) sign_up(i);
    }
  }
  std::size_t truth_of(NodeSlot slot) const {
    for (std::size_t i = 0; i < kNodes; ++i) {
      if (nodes[i].slot == slot) return i;
    }
    return kNodes;
  }
};

TEST(BalanceProperty, NobodyIsSentInACircleNorToANodeThatIsDeadDrainingOrFull) {
  std::array<BalanceSettings, 7> settings;
  for (std::size_t p = 0; p < settings.size(); ++p)
    settings[p].rules.policy = balance_policies()[p].policy;
  std::vector<std::string> mounts;
  for (unsigned m = 0; m < kMounts; ++m) mounts.push_back("/m" + std::to_string(m));
  const std::array<std::string_view, 1> premium{"premium"};
  constexpr std::array<double, 3> kBitrates{64, 128, 320};
  unsigned redirected = 0;
  unsigned turned_down = 0;
  for (unsigned i = 0; i < kPicks; ++i) {
    if (i % 40 == 0) churn();
    if (i % 16 == 0) {
      cluster.pass(std::chrono::milliseconds(rng.below(40)));
      const std::size_t n = rng.below(kNodes);
      if (nodes[n].alive &&
          cluster.table.node(nodes[n].slot).state_at(cluster.now) != NodeState::kDead)
        send_report(n);
    }
    if (i % 500 == 0) cluster.table.expire(cluster.now);
    if (i % 1000 == 0) cluster.table.take_events();

    BalanceSettings& chosen = settings[i % settings.size()];
    chosen.rules.affinity = i % 2 == 0;
    PickRequest request;
    request.mount = mounts[rng.below(kMounts)];
    request.kbps = kBitrates[rng.below(3)];
    if (i % 3 == 0) request.tags = premium;
    if (i % 7 == 0) request.scheme = PublicScheme::kHttps;
    request.relay = i % 11 == 0;
    request.redirected = i % 13 == 0;
    const Choice choice = lb::pick({cluster.table, chosen}, request, rng, cluster.now);
    if (choice.kind != Choice::Kind::kRedirect) {
      ++turned_down;
      continue;
    }
    if (request.relay) FAIL("a relay was redirected");
    if (request.redirected) FAIL("a listener was redirected again: a loop");
    ++redirected;
    const std::size_t t = truth_of(choice.node);
    if (t == kNodes) FAIL("a node that nobody knows");
    Truth& truth = nodes[t];
    const Node& node = cluster.table.node(choice.node);
    if (!truth.alive) FAIL("a node known to be dead");
    if (truth.draining) FAIL("a draining node");
    if (node.state_at(cluster.now) == NodeState::kDead)
      FAIL("a node that has not reported for too long");
    if (node.limits.weight == 0) FAIL("a node of weight 0");
    if (i % 3 == 0 && t % 5 != 0) FAIL("a node without the tag");
    if (i % 7 == 0 && t % 3 != 0) FAIL("a node without https");
    if (node.kbps() + choice.kbps > truth.cap_kbps + 1e-6) FAIL("a node without the bandwidth");
    if (node.listeners() + node.masters > truth.cap_listeners) FAIL("a node without a place");
    cluster.table.issued(choice.node, request.mount, choice.kbps, cluster.now);
    truth.on_the_way.push_back(choice.kbps);
  }
  // Both happened often enough to mean something.
  CHECK(redirected > kPicks / 10);
  CHECK(turned_down > kPicks / 100);
}

// Without affinity the draw follows the weights: chi-square over 10^5 picks, of the weights 10:5:1
// four times.  11 degrees of freedom: p > 0.01 is a value below 24.72.
TEST(BalanceProperty, PicksWithoutAffinityFitTheWeights) {
  std::vector<double> weights;
  for (unsigned i = 0; i < 12; ++i) {
    weights.push_back(std::array{10., 5., 1.}[i % 3]);
    cluster.add("edge" + std::to_string(i), 1e6 * weights.back());
  }
  CHECK(chi_square_of_picks(weights) < 24.72);
}

// The same with nodes that are partly used: weights are the free room, not the capacity.
TEST(BalanceProperty, PicksWithoutAffinityFitTheFreeRoom) {
  std::vector<double> weights;
  for (const double used : {0., 0.25, 0.5, 0.9}) {
    cluster.report(cluster.add("edge" + std::to_string(weights.size()), 1e6), 1e6 * used);
    weights.push_back(1 - used);
  }
  CHECK(chi_square_of_picks(weights) < 11.34);  // 3 degrees of freedom
}
