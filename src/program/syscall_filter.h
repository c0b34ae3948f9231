// The filter of system calls (seccomp): calls that neither the server nor a program that it starts
// has a use for fail with EPERM: to look into or change other processes, to mount, to load code
// into the kernel, to make name spaces, to set the clock, to make code out of data.
//
// A call that is newer than the list below fails with ENOSYS, as on an older kernel: what has not
// been judged is not there.  Calls that depend on nothing but their number cost nothing (the kernel
// keeps a table of them).
//
// Thread: any; the filter is for all threads, and for all programs that they start.
#pragma once

#include <linux/filter.h>

#include <vector>

#include "base/result.h"

namespace lb {

// Empty: this processor's calls are not known here.
std::vector<sock_filter> syscall_filter();
// REQUIRES: PR_SET_NO_NEW_PRIVS
Result<void> filter_system_calls();

}  // namespace lb
