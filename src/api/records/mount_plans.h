// The plans of /api/v1/mounts.
// Thread: pure functions; those that make a password take 4 to 30 ms.
#pragma once

#include "api/request/request.h"

namespace lb {

struct PlanContext;

Plan list_mounts(const PlanContext& context);
Plan read_mount(const PlanContext& context);
Plan create_mount(const PlanContext& context);
Plan replace_mount(const PlanContext& context);  // PUT; its logins stay if it names none
Plan change_mount(const PlanContext& context);   // PATCH, RFC 7396
Plan delete_mount(const PlanContext& context);
Plan suspend_mount(const PlanContext& context);
Plan resume_mount(const PlanContext& context);
Plan move_mount(const PlanContext& context);  // to another home
// A new password for one login.
Plan renew_mount_password(const PlanContext& context);
Plan kick_mount_source(const PlanContext& context);

}  // namespace lb
