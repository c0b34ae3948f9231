// icecast-lb --upgrade: has the server of a configuration replaced, and waits for the outcome.
//
// It sends USR2 with a number to the process in the pid file.  The answer is one datagram to an
// abstract address, made of that process's number and the sent one.
// Thread: main; it waits.
// Errors: one sentence each on standard error, with the remedy; status 1.
#pragma once

#include "program/options.h"

namespace lb {

int upgrade_server(const Options& options);

}  // namespace lb
