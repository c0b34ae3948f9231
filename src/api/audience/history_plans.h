// The plans of what was: listeners and kbit/s over time, of what the login may see.
// Source: doc/api.md.
// Thread: pure functions of a History.
#pragma once

#include "api/request/request.h"

namespace lb {

struct PlanContext;

Plan read_history(const PlanContext& context);
Plan read_mount_history(const PlanContext& context);

}  // namespace lb
