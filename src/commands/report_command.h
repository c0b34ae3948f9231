// --report: a report of the audience from the database of a configuration, whether its server runs
// or not.
// Thread: the main thread.
// Errors: a sentence on standard error, and status 1.
#pragma once

#include "base/clock.h"
#include "program/options.h"

namespace lb {

// The report, or what it says of the file that has it.
Answer answer_report(const Options& options, WallTime now);

}  // namespace lb
