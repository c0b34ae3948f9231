// past_stage(): splits off, once, what a request wants of a mount's past, so that the stages behind
// it see the mount: the parameters timeshift, from, at, exact, to, duration, download, and
// Flussonic's /MOUNT/archive-T-SECONDS.mp3.  A mount or file of such a name wins.  Where nothing is
// recorded, `at` means a byte of the live window, and what the others ask for is not there.
// Thread: its worker.
#pragma once

#include "http/connection.h"

namespace lb {

struct Worker;

Verdict past_stage(Worker& worker, Connection& connection);

}  // namespace lb
