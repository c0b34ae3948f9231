// What a login of a role may see and change: of accounts, of mounts.
// Source: doc/operators.md.
// Thread: pure functions.
#pragma once

#include <string_view>

#include "api/request/request.h"
#include "auth/login/login_scope.h"

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

}  // namespace lb
