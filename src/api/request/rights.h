// What a login of a role may see and change: of accounts, of mounts.
// Source: doc/operators.md.
// Thread: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/request/plan.h"
#include "api/request/request.h"
#include "auth/login/login_scope.h"
#include "auth/login/user_book.h"
#include "base/object_reader.h"

namespace lb {

LoginScope scope_of(const ApiCaller& caller) noexcept;
// All records: an administrator, and a viewer that belongs to no account and names no mounts.
bool sees_all(const ApiCaller& caller) noexcept;
bool sees_account(const ApiCaller& caller, std::string_view account) noexcept;
// account: of the mount, "" for none.
bool sees_mount(const ApiCaller& caller, const std::string& mount, std::string_view account);
// May end its source, change its title; an owner also its settings.
bool acts_on_mount(const ApiCaller& caller, const std::string& mount, std::string_view account);
bool changes_account_of(const ApiCaller& caller, std::string_view account) noexcept;

// The rights of users and tokens: which of them a login may give.

// Of a body whose rights were taken: the account that is meant, and faults of what does not fit.
void complete_rights(ObjectReader& body, const PlanContext& context, LoginRights& rights);
// The caller may give these rights; else why not.
std::optional<Problem> judge_login(const PlanContext& context, const LoginRights& login);

}  // namespace lb
