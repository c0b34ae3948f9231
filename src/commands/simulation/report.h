// The output of --simulate: scenarios run with several seeds, as tables of plain text.
// Thread: any; takes seconds to a minute.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "commands/simulation/scenarios.h"

namespace lb {

// The names and descriptions, one on each line.
std::string simulation_list();

using SimulationPrinter = std::function<void(std::string_view)>;  // receives whole lines

// name: of a scenario, or "all".  print is called as results come in.  Returns true if every goal
// was reached.  Error: not found.
Result<bool> run_simulation(std::string_view name, unsigned seeds, const SimulationPrinter& print);

// One table; used by run_simulation().
bool run_scenario(const SimulationScenario& scenario, unsigned seeds,
                  const SimulationPrinter& print);

}  // namespace lb
