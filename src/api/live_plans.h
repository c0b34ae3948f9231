// The plans of what runs under a mount: its listeners, and its title.
//
// Addresses of listeners are shown to logins that may see them.  A kick names the node that has the
// listener; with ?ban=1 its address may not listen to this mount any more.
// Source: doc/api.md.
// Thread: pure functions.
#pragma once

#include "api/plan.h"

namespace lb {

Plan list_listeners(const PlanContext& context);
Plan end_listener(const PlanContext& context);
Plan set_mount_title(const PlanContext& context);

}  // namespace lb
