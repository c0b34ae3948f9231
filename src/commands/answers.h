// What the commands of icelb print that change nothing but the file they make: imports and
// simulations.
// Thread: main.
#pragma once

#include "commands/simulation/report.h"
#include "program/options.h"

namespace lb {

Answer answer_import(const Options& options);
// print: gets the lines as they come; without it they are in the answer.
Answer answer_simulation(const Options& options, const SimulationPrinter& print = {});

}  // namespace lb
