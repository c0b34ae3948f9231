// What the commands of icelb print that change nothing but the file they make: imports,
// simulations, and whether an audit log is whole.
// Thread: main.
#pragma once

#include <string>

#include "commands/simulation/report.h"
#include "program/options.h"

namespace lb {

Answer answer_import(const Options& options);
// print: gets the lines as they come; without it they are in the answer.
Answer answer_simulation(const Options& options, const SimulationPrinter& print = {});

// Lines without bound, one at a time.
Answer answer_check_audit(const std::string& path);

}  // namespace lb
