// Confinement (<security><confine>): after its start the process gives up system calls
// (syscall_filter.h) and files (file_rules.h) that it has no use for.  Programs that it starts, and
// the process that an upgrade replaces it by, have what is left.
//
// Thread: main, before any other thread is there, behind the change of user.
// Errors: what cannot be had is a warning, and the server starts: it is a second wall.
#pragma once

#include <string>
#include <vector>

#include "config/settings/config.h"
#include "program/file_rules.h"

namespace lb {

struct Confinement {
  bool holds = false;                // at least one of both is in force
  std::string held;                  // of what is in force, for the log; "": nothing
  std::vector<std::string> lacking;  // and of what is not
};

// Without the program's own: what a configuration names, and what every program needs.
FileRules file_rules(const Config& config);
// program: the path of the server.
Confinement confine(const Config& config, const std::string& program);
// Directories of the configuration that a process which is confined already does not reach.
std::vector<std::string> out_of_reach(const Config& config);

}  // namespace lb
