// File rules (landlock): from now on this process, and what it starts, opens files below the
// directories that are named here, and no others.  A second call can only take away.
//
// Source: landlock(7).  Where the kernel knows them, signals to processes outside are refused too.
// Thread: the only one of the process: threads that are there already would not be bound.
// Errors: what the kernel lacks, or would not do; then nothing is bound.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace lb {

struct FileRules {
  std::vector<std::string> read;   // files there are read and run
  std::vector<std::string> write;  // read, written, made and removed, but not run
};

// What is not there is left out.  How many of them are in force.
Result<std::size_t> bind_files(const FileRules& rules);

}  // namespace lb
