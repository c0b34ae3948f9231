// icecast-lb --upgrade: has the server that runs with a configuration replaced, and waits for how
// that ends.
//
// The process is the one of the pid file.  It is sent USR2 with a number; its answer is one
// datagram to an address without a path, of that process and this number.
// Thread: main; it waits.
// Errors: a sentence on standard error each, with what to do; status 1.
#pragma once

#include "program/options.h"

namespace lb {

int upgrade_server(const Options& options);

}  // namespace lb
