// Confinement (<security><confine>): after its start the process gives up system calls and files
// that it has no use for.  Programs that it starts, and the process that an upgrade replaces it by,
// have what is left.
//
// Thread: main, before any other thread is there, behind the change of user.
// Errors: what cannot be had is a warning, and the server starts: it is a second wall.
#pragma once

#include <linux/filter.h>

#include <string>
#include <vector>

#include "base/result.h"
#include "config/settings/config.h"

namespace lb {

// The filter of system calls (seccomp): calls that neither the server nor a program that it starts
// has a use for fail with EPERM: to look into or change other processes, to mount, to load code
// into the kernel, to make name spaces, to set the clock, to make code out of data.
//
// A call that is newer than the list below fails with ENOSYS, as on an older kernel: what has not
// been judged is not there.  Calls that depend on nothing but their number cost nothing (the kernel
// keeps a table of them).
// Thread: any; the filter is for all threads, and for all programs that they start.

// Empty: this processor's calls are not known here.
std::vector<sock_filter> syscall_filter();
// REQUIRES: PR_SET_NO_NEW_PRIVS
Result<void> filter_system_calls();

// File rules (landlock): from now on this process, and what it starts, opens files below the
// directories that are named here, and no others.  A second call can only take away.
// Source: landlock(7).  Where the kernel knows them, signals to processes outside are refused too.
// Thread: the only one of the process: threads that are there already would not be bound.
// Errors: what the kernel lacks, or would not do; then nothing is bound.
struct FileRules {
  std::vector<std::string> read;   // files there are read and run
  std::vector<std::string> write;  // read, written, made and removed, but not run
};

// What is not there is left out.  How many of them are in force.
Result<std::size_t> bind_files(const FileRules& rules);

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
