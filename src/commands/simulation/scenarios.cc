#include "commands/simulation/scenarios.h"

#include <utility>

#include "base/cat.h"
#include "cluster/balance/pick.h"

namespace lb {
namespace {

using enum SimulationColumn;
using Rows = std::vector<SimulationRow>;

constexpr double kDefaultGoal = 1.05, kTwoChoicesGoal = 1.02, kWeightedGoal = 1.12;

// 12 nodes with capacities of 10:5:1, 80 % used by 10,000 listeners.
SimulationSetup crowd() {
  SimulationSetup setup;
  setup.capacities = uneven_nodes(4, 12'500);
  setup.crowd = 10'000;
  return setup;
}

SimulationSetup with(SimulationSetup setup, BalancePolicy policy, bool affinity,
                     unsigned min_carriers = 2) {
  setup.rules.policy = policy;
  setup.rules.affinity = affinity;
  setup.rules.min_carriers = min_carriers;
  return setup;
}

std::string decimal(double x) {
  std::string out = std::to_string(x);
  out.erase(out.find_last_not_of('0') + 1);
  if (out.back() == '.') out.pop_back();
  return out;
}

std::string every(double seconds) { return cat({"reports every ", decimal(seconds), " s"}); }

// Adds rows for the default policy and for those that it is compared with.
void add(Rows& rows, const std::string& group, const SimulationSetup& base,
         SimulationGoals goals = {}) {
  using enum BalancePolicy;
  rows.push_back({group, "default (affinity, weighted-random)", base, std::move(goals)});
  rows.push_back({group, "affinity, p2c", with(base, kTwoChoices, true), {}});
  rows.push_back({group, "weighted-random", with(base, kWeightedRandom, false), {}});
  rows.push_back({group, "p2c", with(base, kTwoChoices, false), {}});
}

void add_others(Rows& rows, const std::string& group, const SimulationSetup& base) {
  using enum BalancePolicy;
  for (const BalancePolicy policy : {kLeastUtil, kLeastConn, kHash, kRoundRobin, kFirst}) {
    rows.push_back({group, std::string(policy_row(policy).name), with(base, policy, false), {}});
  }
}

SimulationScenario crowds() {
  Rows rows;
  for (const double t : {0.25, 5.0, 30.0, 120.0}) {
    SimulationSetup base = crowd();
    base.report_every = t;
    const std::size_t first = rows.size();
    add(rows, every(t), base, {.of_ideal = kDefaultGoal});
    rows[first + 2].goals.of_ideal = kWeightedGoal;
    rows[first + 3].goals.of_ideal = kTwoChoicesGoal;
    if (t < 1) add_others(rows, every(t), base);
  }
  return {"crowd",
          "10,000 listeners in 5 s on 12 empty nodes of 10:5:1 (ideal: 0.80)",
          {kPeak, kOfIdeal, kSpread, kSettled, kOverCap},
          std::move(rows)};
}

SimulationScenario old_slaves() {
  Rows rows;
  for (const double t : {5.0, 120.0}) {
    SimulationSetup base = crowd();
    base.kind = NodeKind::kLegacy;
    base.report_every = t;
    base.counts_arrivals = false;
    add(rows, cat({"listeners are reported every ", decimal(t), " s, arrivals are not"}), base,
        {.of_ideal = kDefaultGoal});
    base.counts_load = false;
    add(rows, cat({"Icecast-KH: nothing is reported, every ", decimal(t), " s"}), base,
        {.of_ideal = kDefaultGoal});
  }
  return {"old-slaves",
          "the same crowd, on slaves that poll and count less",
          {kPeak, kOfIdeal, kSpread, kSettled, kOverCap},
          std::move(rows)};
}

SimulationScenario warm() {
  Rows rows;
  for (const double t : {0.25, 5.0, 30.0}) {
    SimulationSetup base = crowd();
    base.report_every = t;
    base.base = 6000;
    base.session = 300;
    base.arrivals = 20;
    base.crowd = 4000;
    base.seconds = 60;
    add(rows, every(t), base);
  }
  return {"warm",
          "4,000 more in 5 s on 6,000 who come and go (sessions of 300 s)",
          {kPeak, kSpread, kSettled, kOverCap},
          std::move(rows)};
}

SimulationScenario death() {
  Rows rows;
  struct Case {
    const char* what;
    double t;
    bool silently;
    std::optional<double> wasted;
  };
  for (const Case& c : {Case{"a link, the process dies", 0.25, false, 100},
                        Case{"a link, the host falls silent", 0.25, true, 200},
                        Case{"polls every 5 s, the process dies", 5, false, std::nullopt},
                        Case{"polls every 5 s, the host falls silent", 5, true, std::nullopt},
                        Case{"polls every 30 s, the host falls silent", 30, true, std::nullopt}}) {
    SimulationSetup base = crowd();
    base.capacities = uneven_nodes(4, 15'000);
    base.report_every = c.t;
    if (c.t > 1) base.kind = NodeKind::kLegacy;
    base.dies = 0;
    base.dies_at = 2.5;
    base.silently = c.silently;
    add(rows, c.what, base, {.peak = 0.86, .wasted = c.wasted});
  }
  return {"death",
          "a node of 10 dies in the middle of the crowd (15,000 -> 12,656 places)",
          {kPeak, kWasted, kRescued, kOverCap},
          std::move(rows)};
}

SimulationScenario joining() {
  Rows rows;
  for (const double t : {0.25, 5.0}) {
    SimulationSetup base = crowd();
    base.report_every = t;
    base.joins = 0;
    base.joins_at = 2;
    base.seconds = 40;
    add(rows, every(t), base, {.of_ideal = kDefaultGoal});
  }
  return {"join",
          "an empty node of 10 comes 2 s after the start of the crowd",
          {kPeak, kOfIdeal, kSpread, kSettled, kOverCap},
          std::move(rows)};
}

SimulationScenario masters() {
  Rows rows;
  for (const double t : {0.25, 1.0, 5.0}) {
    for (const unsigned n : {2U, 4U}) {
      SimulationSetup base = crowd();
      base.report_every = t;
      base.masters = n;
      const std::string group = cat({n, " masters, ", every(t)});
      add(rows, group, base, {.of_ideal = kDefaultGoal});
      base.masters_known = false;
      rows.push_back({group, "default, the number of masters not known", base, {}});
    }
  }
  return {"masters",
          "several masters that do not know of each other, each with its part of the crowd",
          {kPeak, kOfIdeal, kSpread, kSettled, kOverCap},
          std::move(rows)};
}

SimulationScenario restart() {
  Rows rows;
  for (const double t : {0.25, 5.0}) {
    for (const double hold : {0.0, 0.5, 1.0}) {
      SimulationSetup base = crowd();
      base.report_every = t;
      if (t > 1) base.kind = NodeKind::kLegacy;
      base.restart_at = 2.5;
      base.hold = hold;
      base.register_within = t > 1 ? t : 1.0;
      add(rows,
          cat({"nodes are back within ", decimal(base.register_within), " s, requests wait ",
               decimal(hold), " s"}),
          base, {.peak = 1.005});
    }
  }
  return {"restart",
          "the master is restarted in the middle of the crowd and knows nothing",
          {kPeak, kSpread, kOverCap, kRefused},
          std::move(rows)};
}

SimulationSetup many_mounts() {
  SimulationSetup setup = crowd();
  setup.mounts = 1000;
  return setup;
}

void add_with_one_carrier(Rows& rows, const std::string& group, const SimulationSetup& base,
                          SimulationGoals goals) {
  add(rows, group, base, std::move(goals));
  rows.push_back({group,
                  "default, one carrier is enough",
                  with(base, BalancePolicy::kWeightedRandom, true, 1),
                  {}});
  rows.push_back({group, "hash", with(base, BalancePolicy::kHash, false), {}});
}

SimulationScenario mounts() {
  Rows rows;
  for (const double t : {0.25, 5.0}) {
    SimulationSetup base = many_mounts();
    base.report_every = t;
    base.crowd = 0;
    base.base = 7000;
    base.session = 600;
    base.arrivals = 7000 / 600.0;
    base.seconds = 120;
    add_with_one_carrier(rows, "7,000 who come and go, " + every(t), base, {.relays = 1150});
  }
  SimulationSetup night = many_mounts();
  night.crowd = 0;
  night.base = 1250;
  night.session = 600;
  night.arrivals = 1250 / 600.0;
  night.seconds = 60;
  add_with_one_carrier(rows, "night, 1,250 who come and go", night, {});
  night.crowd = 8000;
  night.arrivals = 0;
  night.seconds = 30;
  add_with_one_carrier(rows, "night, and 8,000 more in 5 s", night, {});
  SimulationSetup flat = many_mounts();
  flat.zipf = 0;
  add_with_one_carrier(rows, "10,000 in 5 s, all mounts equally liked", flat, {.of_ideal = 1.07});
  return {"mounts",
          "1,000 mounts (Zipf 1.0) on 12 nodes; every pair of mount and node is a relay",
          {kPeak, kOfIdeal, kRelays, kPerMount, kStarts},
          std::move(rows),
          2};
}

SimulationSetup fifty_one() {
  SimulationSetup setup = many_mounts();
  setup.capacities = uneven_nodes(17, 120'000);
  setup.crowd = 0;
  setup.base = 80'000;
  setup.session = 900;
  setup.arrivals = 80'000 / 900.0;
  return setup;
}

SimulationScenario big() {
  Rows rows;
  SimulationSetup base = fifty_one();
  base.report_every = 0.5;
  base.seconds = 20;
  add_with_one_carrier(rows, "80,000 of 120,000 who come and go", base, {});
  base.report_every = 0.25;
  base.seconds = 15;
  base.dies = 0;
  base.dies_at = 3;
  base.silently = true;
  add(rows, "and a host of 10 falls silent", base);
  return {"big",
          "1,000 mounts (Zipf 1.0) on 51 nodes",
          {kPeak, kRelays, kPerMount, kStarts, kRestarts, kRescued},
          std::move(rows),
          5};
}

SimulationScenario bitrates() {
  Rows rows;
  SimulationSetup base = many_mounts();
  base.mixed_bitrates = true;
  add(rows, "10,000 in 5 s on 12 nodes", base, {.of_ideal = kDefaultGoal});
  SimulationSetup large = fifty_one();
  large.mixed_bitrates = true;
  large.report_every = 0.25;
  large.seconds = 10;
  add(rows, "80,000 who come and go on 51 nodes", large);
  return {"bitrates",
          "1,000 mounts of 64, 128 and 320 kbit/s, capacities in kbit/s",
          {kPeak, kOfIdeal, kSpread, kOverCap, kRelays},
          std::move(rows),
          2};
}

SimulationScenario demo() {
  Rows rows;
  struct Case {
    unsigned crowd;
    std::vector<double> listeners;
  };
  for (const Case& c : {Case{20, {}}, Case{100, {}}, Case{300, {192, 91, 16}},
                        Case{800, {500, 250, 50}}, Case{1440, {900, 450, 90}}}) {
    SimulationSetup base = crowd();
    base.capacities = {1000, 500, 100};
    base.crowd = c.crowd;
    SimulationGoals goals;
    goals.listeners = c.listeners;
    add(rows, cat({c.crowd, " listeners"}), base, goals);
  }
  return {"demo",
          "one mount on three nodes of 1000, 500 and 100 places",
          {kListeners, kPeak, kOfIdeal},
          std::move(rows)};
}

SimulationScenario one_address() {
  Rows rows;
  SimulationSetup base = crowd();
  base.crowd = 1000;
  base.one_address = true;
  add(rows, "1,000 in 5 s", base, {.of_ideal = kDefaultGoal});
  base.crowd = 10'000;
  add(rows, "10,000 in 5 s", base, {.of_ideal = kDefaultGoal});
  return {"one-address",
          "everybody has the same address and the same player: a school, a mobile network",
          {kPeak, kOfIdeal, kSpread, kRefused},
          std::move(rows)};
}

}  // namespace

std::vector<SimulationScenario> simulation_scenarios() {
  return {crowds(),  old_slaves(), warm(), death(),    joining(), masters(),
          restart(), mounts(),     big(),  bitrates(), demo(),    one_address()};
}

}  // namespace lb
