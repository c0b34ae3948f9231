// The stand-in: where no service manager follows a server to its next process, the first process
// stays under its number.  It passes signals on to the process that serves now, and ends as that
// one ends.  It waits; it restarts nothing.
//
// Thread: control, and then the only one: the process begins again as a stand-in, so that nothing of
// the server is left in it.
#pragma once

#include <signal.h>
#include <sys/types.h>

#include <string_view>

#include "base/unique_fd.h"

namespace lb {

// Which process serves from now on.
void notify_stand_in(int channel, pid_t serving);
// The signals that a server watches (SignalWatch).  They are blocked from the first moment of each
// of its processes on, so that one that comes in between two is read by either, and kills neither.
sigset_t watched_signals();
// REQUIRES: watched_signals() are blocked; does not return
void become_stand_in(const UniqueFd& channel, pid_t serving);
// What it does: the program's --stand-in, with "CHANNEL,PID".
int stand_in(std::string_view arguments);
int stand_in(int channel, pid_t serving);

}  // namespace lb
