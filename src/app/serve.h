// serve(): from the command line to a running server, in Icecast's order: background,
// configuration, sockets, pid file, root and user, logs, loops.
// Thread: main.
#pragma once

#include "app/handover/launch.h"
#include "program/options.h"

namespace lb {

// The exit status of the process.
int serve(const Options& options, Launch launch);

}  // namespace lb
