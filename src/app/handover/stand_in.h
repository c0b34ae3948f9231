// The stand-in: where no service manager follows a server to its next process, the first process
// keeps running under its process id.  It passes signals on to the process that serves now, and
// ends with the same status.  It restarts nothing.
//
// Thread: control, and then its only one: the process executes itself as a stand-in, so that
// nothing of the server stays in memory.
#pragma once

#include <signal.h>
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/unique_fd.h"

namespace lb {

// The stand-in's data, for a process that has taken over.
struct Standing {
  std::uint64_t known_pid = 0;  // the server's known process number
  UniqueFd stand_in;            // gets the serving process's number; invalid: none
  UniqueFd pid_file;            // invalid: it is not written
  std::uint64_t upgrades = 0;
};

// Reports the serving process, the one behind that many upgrades, to the stand-in.
void notify_stand_in(int channel, pid_t serving, std::uint64_t upgrades);
// The signals that a server watches (SignalWatch).  Each of its processes blocks them from its
// start, so that a signal between two processes is read by one of them, and kills neither.
sigset_t watched_signals();
// server: the arguments of the server, by which `ps` and --upgrade know whose stand-in it is.
// REQUIRES: watched_signals() are blocked; does not return
void become_stand_in(const UniqueFd& channel, pid_t serving, std::vector<std::string> server);
// The stand-in itself: the program's --stand-in, with "CHANNEL,PID".
int stand_in(std::string_view arguments);
int stand_in(int channel, pid_t serving);

}  // namespace lb
