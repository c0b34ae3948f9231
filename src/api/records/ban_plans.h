// The plans of /api/v1/bans.
// Thread: pure functions.
#pragma once

#include "api/request/request.h"

namespace lb {

struct PlanContext;

Plan list_bans(const PlanContext& context);
Plan read_ban(const PlanContext& context);
// {"match": {"address"|"network"|"user"|"country"}, "mounts", "until", "reason", "kick"}; one that
// would shut out the caller's own address is refused.
Plan create_ban(const PlanContext& context);
Plan delete_ban(const PlanContext& context);

}  // namespace lb
