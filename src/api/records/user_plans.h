// The plans of /api/v1/users and /api/v1/tokens.
// Thread: pure functions; those that set or judge a password take 30 to 100 ms.
#pragma once

#include "api/request/request.h"

namespace lb {

struct PlanContext;

Plan list_users(const PlanContext& context);
Plan read_user(const PlanContext& context);
Plan create_user(const PlanContext& context);
Plan change_user(const PlanContext& context);
Plan delete_user(const PlanContext& context);
// {"old", "password"}: a login changes its own with the old one; an owner or an administrator any
// that is below it.
Plan set_user_password(const PlanContext& context);
// Ends all its sessions.
Plan end_user_sessions(const PlanContext& context);

Plan list_tokens(const PlanContext& context);
Plan create_token(const PlanContext& context);
Plan delete_token(const PlanContext& context);

}  // namespace lb
