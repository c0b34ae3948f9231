// The rights of users and tokens: which of them a login may give.
// Thread: pure functions.
#pragma once

#include <string>
#include <vector>

#include "api/request/plan.h"
#include "auth/login/user_book.h"
#include "base/object_reader.h"

namespace lb {

// Of a body whose rights were taken: the account that is meant, and faults of what does not fit.
void complete_rights(ObjectReader& body, const PlanContext& context, LoginRights& rights);
// The caller may give these rights; else why not.
std::optional<Problem> judge_login(const PlanContext& context, const LoginRights& login);

}  // namespace lb
