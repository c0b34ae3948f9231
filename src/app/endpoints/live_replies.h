// GET /api/v1/live: the connection goes to the LiveFeed, with what its login may see.
// Thread: the connection's worker.
#pragma once

#include <string_view>

#include "http/connection.h"

namespace lb {

struct ApiCaller;
struct ApiRequest;
struct Worker;

inline constexpr std::string_view kLiveEndpoint = "readLive";

// REQUIRES: follow_live() (api/records/live_plans.h) has let it in
void begin_live(Worker& worker, Connection& connection, const ApiRequest& asked,
                const ApiCaller& who);

}  // namespace lb
