#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "cluster/balance/pick.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(Policies) {
  Rng rng{11};

  static Candidate candidate(double share, double kbps, unsigned listeners = 0) {
    Candidate c;
    c.share_kbps = share;
    c.kbps = kbps;
    c.room_kbps = std::max(0.0, share - kbps);
    c.listeners = listeners;
    return c;
  }
  std::vector<int> draws(BalancePolicy policy, const std::vector<Candidate>& candidates,
                         int n = 10'000) {
    std::vector<int> count(candidates.size());
    for (int i = 0; i < n; ++i) ++count[policy_row(policy).choose(candidates, rng)];
    return count;
  }
};

TEST(Policies, HaveARowEachWithANameOfItsOwn) {
  std::set<std::string> names;
  for (const PolicyRow& row : balance_policies()) {
    names.insert(std::string(row.name));
    CHECK(&policy_row(row.policy) == &row);
    CHECK_FALSE(row.help.empty());
  }
  CHECK_EQUAL(7u, names.size());
  STRCMP_EQUAL("weighted-random", std::string(balance_policies().front().name).c_str());
}

TEST(Policies, AllChooseTheOnlyCandidate) {
  for (const PolicyRow& row : balance_policies()) {
    const Candidate only = candidate(1000, 2000);
    CHECK_EQUAL(0u, row.choose({&only, 1}, rng));
  }
}

TEST(Policies, WeightedRandomDrawsByFreeRoom) {
  const auto count = draws(BalancePolicy::kWeightedRandom,
                           {candidate(1000, 900), candidate(1000, 100), candidate(500, 500)});
  DOUBLES_EQUAL(1000, count[0], 150);
  DOUBLES_EQUAL(9000, count[1], 150);
  CHECK_EQUAL(0, count[2]);
}

TEST(Policies, WeightedRandomDrawsByShareWhenNobodyHasRoom) {
  const auto count =
      draws(BalancePolicy::kWeightedRandom, {candidate(900, 1000), candidate(100, 1000)});
  DOUBLES_EQUAL(9000, count[0], 150);
}

TEST(Policies, TwoChoicesTakesTheLessUtilisedOfTwo) {
  const auto count = draws(BalancePolicy::kTwoChoices,
                           {candidate(1000, 100), candidate(1000, 200), candidate(1000, 300)});
  CHECK(count[0] > count[1] && count[1] > count[2]);
  // The worst of three is taken only when both draws, five in all, hit it: one in 3^5.
  CHECK(count[2] < 100);
}

TEST(Policies, LeastUtilTakesTheEmptiestAndDrawsAmongEquals) {
  auto count = draws(BalancePolicy::kLeastUtil,
                     {candidate(1000, 100), candidate(100, 9), candidate(1000, 200)});
  CHECK_EQUAL(10'000, count[1]);
  count = draws(BalancePolicy::kLeastUtil,
                {candidate(1000, 100), candidate(1000, 100), candidate(100, 10)});
  for (const int n : count) DOUBLES_EQUAL(3333, n, 250);
}

TEST(Policies, LeastConnLooksAtNothingButListeners) {
  const auto count =
      draws(BalancePolicy::kLeastConn, {candidate(10'000, 100, 7), candidate(10, 10, 6)});
  CHECK_EQUAL(10'000, count[1]);
}

TEST(Policies, HashTakesTheHighestScore) {
  std::vector<Candidate> three(3, candidate(1000, 0));
  three[0].score = 1;
  three[1].score = 3;
  three[2].score = 2;
  CHECK_EQUAL(10'000, draws(BalancePolicy::kHash, three)[1]);
  CHECK_TRUE(policy_row(BalancePolicy::kHash).bounded);
}

TEST(Policies, RoundRobinGoesAroundInProportionToCapacity) {
  std::vector<Candidate> nodes{candidate(300, 0), candidate(100, 0)};
  std::array<int, 2> count{};
  for (int i = 0; i < 400; ++i) {
    const std::size_t chosen = policy_row(BalancePolicy::kRoundRobin).choose(nodes, rng);
    ++nodes[chosen].turns;
    ++count[chosen];
  }
  CHECK_EQUAL(300, count[0]);
}

TEST(Policies, FirstFollowsTheOrderOfTheConfiguration) {
  std::vector<Candidate> nodes(3, candidate(1000, 0));
  nodes[0].order = 2;
  nodes[1].order = 0;
  nodes[2].order = 1;
  CHECK_EQUAL(10'000, draws(BalancePolicy::kFirst, nodes)[1]);
}

TEST_GROUP(Rendezvous){};

TEST(Rendezvous, GivesTheSameScoreEverywhere) {
  DOUBLES_EQUAL(0.6779525786, rendezvous_score(node_key("edge1"), mount_hash("/live.mp3"), 1),
                1e-9);
  DOUBLES_EQUAL(6.779525786, rendezvous_score(node_key("edge1"), mount_hash("/live.mp3"), 10),
                1e-8);
}

TEST(Rendezvous, SparesALogarithmButNotTheBest) {
  for (int m = 0; m < 200; ++m) {
    const std::uint64_t hash = mount_hash("/m" + std::to_string(m));
    double best = 0;
    double best_spared = 0;
    for (int n = 0; n < 100; ++n) {
      const NodeKey key = node_key("edge" + std::to_string(n));
      const double weight = 1 + n % 10;
      const double spared = rendezvous_above(best_spared, key, hash, weight);
      CHECK(spared == 0 || spared == rendezvous_score(key, hash, weight));
      best = std::max(best, rendezvous_score(key, hash, weight));
      best_spared = std::max(best_spared, spared);
    }
    DOUBLES_EQUAL(best, best_spared, 0);
  }
}

// Three nodes of 10 : 5 : 1; of 32,000 mounts each has its part, and one that goes moves only its
// own.
TEST(Rendezvous, SharesMountsInProportionAndMovesFew) {
  const std::array<double, 3> weights{10, 5, 1};
  std::array<NodeKey, 3> keys{node_key("a"), node_key("b"), node_key("c")};
  std::array<int, 3> count{};
  int moved = 0;
  for (int m = 0; m < 32'000; ++m) {
    const std::uint64_t hash = mount_hash("/mount" + std::to_string(m));
    std::array<double, 3> score{};
    for (std::size_t i = 0; i < 3; ++i) score[i] = rendezvous_score(keys[i], hash, weights[i]);
    const std::size_t best = score[0] >= score[1] && score[0] >= score[2] ? 0
                             : score[1] >= score[2]                       ? 1
                                                                          : 2;
    const std::size_t without_b = score[0] >= score[2] ? 0 : 2;
    ++count[best];
    moved += best != 1 && best != without_b ? 1 : 0;
  }
  DOUBLES_EQUAL(20'000, count[0], 400);
  DOUBLES_EQUAL(10'000, count[1], 400);
  DOUBLES_EQUAL(2'000, count[2], 200);
  CHECK_EQUAL(0, moved);
}
