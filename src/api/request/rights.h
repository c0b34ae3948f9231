// The accounts and mounts that a login may see and change.
// Source: doc/operators.md.
// Thread: pure functions.
#pragma once

#include <string>
#include <string_view>

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
// Whether it may end the sources and change the titles of mounts that it sees; an owner also
// changes their settings.
bool acts_on_mounts(const ApiCaller& caller) noexcept;
// 404 at account=: the login does not see the account; nullopt: it does, or none is named.
std::optional<Problem> hidden_account(const PlanContext& context, const std::string& account);
bool changes_account_of(const ApiCaller& caller, std::string_view account) noexcept;

// The rights that a login may give to users and tokens.

// The patterns of mounts in a login that an owner makes, together.  Each is matched with each mount
// of the account, for each page and for each event, by the threads that all accounts share.
inline constexpr std::size_t kMaxPatternBytes = 1024;
// Completes the rights read from a body with the account, and adds faults for wrong combinations.
void complete_rights(ObjectReader& body, const PlanContext& context, LoginRights& rights);
// An account's users and tokens at most, each, and the bytes of the mounts' names in them.
inline constexpr std::size_t kMaxAccountLogins = 1000, kMaxAccountNames = 1 << 20;
// Whether its account has space for this login.  before: the record that it replaces, or null.  A
// plan that passes also holds the account.
std::optional<Problem> judge_space(const PlanContext& context, const User& user,
                                   const User* before);
std::optional<Problem> judge_space(const PlanContext& context, const ApiToken& token);
// nullopt if the caller may give these rights; otherwise the reason.
std::optional<Problem> judge_login(const PlanContext& context, const LoginRights& login);

}  // namespace lb
