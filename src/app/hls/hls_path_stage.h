// hls_path_stage(): splits the name of a list or segment, and the session, off an address of HLS,
// so that the stages behind it see the mount.  A mount or file of such a name wins.
// Source: doc/hls.md.
// Thread: its worker.
#pragma once

#include "http/connection.h"

namespace lb {

struct Worker;

Verdict hls_path_stage(Worker& worker, Connection& connection);

}  // namespace lb
