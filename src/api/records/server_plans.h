// The plans of this server itself: the last lines of its logs, its configuration file as it would
// be read now, and reading it.
//
// Log lines hold what strangers sent, and addresses: for administrators, as text.
// Source: doc/api.md.
// Thread: pure functions of what ApiWorld reads; on the clerk.
#pragma once

#include "api/request/request.h"

namespace lb {

struct PlanContext;

Plan read_log(const PlanContext& context);
Plan check_configuration(const PlanContext& context);
Plan reload_configuration(const PlanContext& context);

}  // namespace lb
