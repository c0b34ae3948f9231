// serve(): starts the server from its command line, in Icecast's order: background, configuration,
// sockets, pid file, root and user, logs, loops.
// Thread: main.
#pragma once

#include "app/handover/launch.h"
#include "program/options.h"

namespace lb {

// Returns the exit status of the process.
int serve(const Options& options, Launch launch);

}  // namespace lb
