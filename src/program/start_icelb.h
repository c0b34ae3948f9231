// start_icelb(): a command of icelb that icecast-lb was given.
// Thread: main, before any other.
// Bounds: icelb is a file of this name in the directory of the running program; PATH is not searched.
#pragma once

#include <string>

namespace lb {

// In the place of this process, with the same command line.  Returns the exit status of a process
// that could not, having said why.
int start_icelb(char** argv);

// Of the program with this path.
std::string icelb_beside(const std::string& program);

}  // namespace lb
