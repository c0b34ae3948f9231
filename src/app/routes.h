// Routes: the whole server on one page: the stages that a request for a path passes, in order.
// Thread: make_routes() at start; the stages on their worker.
#pragma once

#include "http/route_table.h"

namespace lb {

struct Worker;

// The worker owns the stages.
RouteTable make_routes(Worker& worker);

}  // namespace lb
