#include "api/request/rights.h"

#include "api/request/record_book.h"
#include "base/strings.h"

namespace lb {
namespace {

bool is_owner_of(const ApiCaller& caller, std::string_view account) noexcept {
  return caller.role == Role::kOwner && !account.empty() && caller.account == account;
}

}  // namespace

LoginScope scope_of(const ApiCaller& caller) noexcept {
  return {caller.role, caller.account, caller.mounts};
}

bool sees_all(const ApiCaller& caller) noexcept { return scope_of(caller).has_all(); }

bool sees_account(const ApiCaller& caller, std::string_view account) noexcept {
  return sees_all(caller) || is_owner_of(caller, account);
}

bool sees_mount(const ApiCaller& caller, const std::string& mount, std::string_view account) {
  return scope_of(caller).has(mount, account);
}

bool acts_on_mounts(const ApiCaller& caller) noexcept { return caller.role >= Role::kOperator; }

std::optional<Problem> hidden_account(const PlanContext& context, const std::string& account) {
  if (account.empty() || account == context.who.account ||
      (context.book.account(account) != nullptr && sees_account(context.who, account)))
    return std::nullopt;
  return at_parameter(not_found("account", account), "account");
}

bool changes_account_of(const ApiCaller& caller, std::string_view account) noexcept {
  return caller.role == Role::kAdmin || is_owner_of(caller, account);
}

void complete_rights(ObjectReader& body, const PlanContext& context, LoginRights& rights) {
  if (!body.has("account") && rights.account.empty()) rights.account = context.who.account;
  if (body.has("account") && !rights.account.empty() &&
      context.book.account(rights.account) == nullptr)
    body.wrong("account", "there is no account " + rights.account);
  if (rights.role == Role::kOwner && rights.account.empty())
    body.wrong("account", "an owner needs an account");
}

std::optional<Problem> judge_login(const PlanContext& context, const LoginRights& login) {
  if (context.who.role == Role::kAdmin) return std::nullopt;
  if (!changes_account_of(context.who, login.account))
    return forbidden("an owner manages only the users and tokens of its own account");
  if (login.role > context.who.role)
    return forbidden("an owner may not grant rights above its own");
  if (!scope_of(context.who).covers({login.role, login.account, login.mounts}))
    return forbidden("this login has only some mounts of its account, and may grant no others: " +
                     listed(context.who.mounts));
  return std::nullopt;
}

}  // namespace lb
