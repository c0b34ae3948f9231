// What the command line does with stores: --store-copy and --store-rebuild.
//
// A store is named by a configuration file, whose <store> it is, or as files:DIRECTORY.
// Thread: the main thread, with a loop of its own; no server runs in this process.
#pragma once

#include "program/options.h"

namespace lb {

// All records of one store into another.  Returns the exit status, having printed what was done.
int copy_store(const Options& options);

// The records of last good copies into the <store> of the configuration file: of the newest of
// masters' copies, or of nodes' copies together.
int rebuild_store(const Options& options);

}  // namespace lb
