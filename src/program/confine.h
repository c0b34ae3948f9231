// Confinement (<security><confine>): after the start the process gives up system calls and files
// that it does not need.  The programs that it starts, and the process of an upgrade, are confined
// as well.
//
// Thread: main, before other threads exist, after the change of user.
// Errors: a missing mechanism is a warning, and the server starts: this is a second line of
// defence.
#pragma once

#include <linux/filter.h>

#include <string>
#include <vector>

#include "base/result.h"
#include "config/settings/config.h"

namespace lb {

// The filter of system calls (seccomp): calls that neither the server nor a program started by it
// needs fail with EPERM: access to other processes, mounting, loading kernel code, new name spaces,
// setting the clock, executing data.
//
// A call newer than the list below fails with ENOSYS, as on an older kernel.  Calls that are
// filtered by their number alone cost nothing, because the kernel keeps a table of them.
// Thread: any; the filter applies to all threads and to all programs that they start.

// Empty: no list for this processor.
std::vector<sock_filter> syscall_filter();
// REQUIRES: PR_SET_NO_NEW_PRIVS
Result<void> filter_system_calls();

// File rules (landlock): from now on this process and its children open only files below these
// directories.  A second call can only restrict further.
// Source: landlock(7).  If the kernel supports it, signals to outside processes are refused too.
// Thread: the only one of the process, because existing other threads would not be bound.
// Errors: the kernel lacks landlock or refuses it; then no rule is in force.
struct FileRules {
  std::vector<std::string> read;   // may be read and run
  std::vector<std::string> write;  // may be read, written, created and removed, but not run
};

// Leaves out missing paths; returns the number of rules in force.
Result<std::size_t> bind_files(const FileRules& rules);

struct Confinement {
  bool holds = false;                // at least one of the two mechanisms is in force
  std::string held;                  // the mechanisms in force, for the log; "": none
  std::vector<std::string> lacking;  // the others
};

// The paths of a configuration, and those that every program needs; without the program's own.
FileRules file_rules(const Config& config);
// program: the path of the server.
Confinement confine(const Config& config, const std::string& program);
// Directories of the configuration that a confined process cannot reach.
std::vector<std::string> out_of_reach(const Config& config);

}  // namespace lb
