// The scenarios of --simulate: clusters and crowds, the rules, and the goals.  doc/balancing.md
// compares their results with the study behind the rules.
// Thread: plain values.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "commands/simulation/simulation.h"

namespace lb {

// A goal is for the mean over all seeds.
struct SimulationGoals {
  std::optional<double> of_ideal{};  // peak / mean utilisation at most
  std::optional<double> peak{};
  std::optional<double> relays{};
  std::optional<double> wasted{};
  // The final listeners of each node, within 5 % of all.
  std::vector<double> listeners{};
};

struct SimulationRow {
  std::string group;  // rows of a group are printed together under it
  std::string label;
  SimulationSetup setup;
  SimulationGoals goals;
};

enum class SimulationColumn : std::uint8_t {
  kPeak,     // mean (worst seed)
  kOfIdeal,  // peak / mean utilisation at the end
  kSpread,
  kSettled,
  kOverCap,
  kRelays,
  kPerMount,  // relays / mounts with listeners
  kStarts,
  kWasted,
  kRescued,
  kRestarts,
  kRefused,
  kListeners,  // of each node
};

struct SimulationScenario {
  std::string_view name;
  std::string_view about;
  std::vector<SimulationColumn> columns;
  std::vector<SimulationRow> rows;
  unsigned seeds_divisor = 1;  // large scenarios run with fewer seeds
};

std::vector<SimulationScenario> simulation_scenarios();

}  // namespace lb
