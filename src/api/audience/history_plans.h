// The plans of what was: listeners and kbit/s over time, of what the login may see.
// Source: doc/api.md.
// Thread: pure functions of a History; by country that of the audience's database.
#pragma once

#include "api/request/request.h"

namespace lb {

struct PlanContext;

// Asked of read_history(): what its caller has to know before.
bool is_by_country(const ApiRequest& request);

Plan read_history(const PlanContext& context);
Plan read_mount_history(const PlanContext& context);

}  // namespace lb
