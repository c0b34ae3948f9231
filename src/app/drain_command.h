// The command "icecast-lb --drain": asks the server that runs with a configuration file to empty
// itself, and waits for it.
// Thread: main; it has a loop of its own.
#pragma once

#include "app/options.h"

namespace lb {

// The exit status: 0: empty, or its time is over, or it has ended; 1: it could not be told.
int drain_node(const Options& options);

}  // namespace lb
