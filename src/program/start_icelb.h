// start_icelb(): runs a command of icelb that was given to icecast-lb.
// Thread: main, before any other.
// Bounds: icelb must be in the directory of the running program; PATH is not searched.
#pragma once

#include <string>

namespace lb {

// Replaces this process, with the same command line.  Returns only after an error, which was
// printed, with the exit status.
int start_icelb(char** argv);

// The path of icelb beside the program with this path.
std::string icelb_beside(const std::string& program);

}  // namespace lb
