// The command "icecast-lb --drain": orders the server that runs with a configuration file to drain,
// and waits for it.
// Thread: main; it has a loop of its own.
#pragma once

#include "program/options.h"

namespace lb {

// The exit status: 0: empty, or its time is over, or it has ended; 1: the order did not reach it.
int drain_node(const Options& options);

}  // namespace lb
