#include "api/request/rights.h"

#include "api/request/record_book.h"
#include "base/cat.h"
#include "base/strings.h"

namespace lb {
namespace {

bool is_owner_of(const ApiCaller& caller, std::string_view account) noexcept {
  return caller.role == Role::kOwner && !account.empty() && caller.account == account;
}

std::size_t name_bytes(const LoginRights& login) {
  std::size_t bytes = 0;
  for (const std::string& mount : login.mounts) bytes += mount.size();
  return bytes;
}

std::size_t pattern_bytes(const LoginRights& login) {
  std::size_t bytes = 0;
  for (const std::string& mount : login.mounts)
    if (has_wildcard(mount)) bytes += mount.size();
  return bytes;
}

// The users or the tokens of an account, and all bytes of names in them.
struct AccountLogins {
  std::size_t number = 0, bytes = 0;
};

template <class Rows>
AccountLogins logins_of(const Rows& rows, std::string_view account) {
  AccountLogins sum;
  for (const auto& [key, row] : rows)
    if (row->value.account == account) {
      ++sum.number;
      sum.bytes += name_bytes(row->value);
    }
  return sum;
}

std::optional<Problem> judge_sum(const PlanContext& context, const LoginRights& login,
                                 const LoginRights* before, bool is_user) {
  if (login.account.empty()) return std::nullopt;
  if (before != nullptr && before->account != login.account) before = nullptr;
  if (before != nullptr && name_bytes(login) <= name_bytes(*before)) return std::nullopt;
  const AccountLogins users = logins_of(context.book.users(), login.account);
  const AccountLogins tokens = logins_of(context.book.tokens(), login.account);
  const std::size_t number = is_user ? users.number : tokens.number;
  if (before == nullptr && number >= kMaxAccountLogins)
    return Problem{ProblemName::kQuota,
                   cat({"account ", login.account, " has ", number, is_user ? " users" : " tokens",
                        ", and may have ", kMaxAccountLogins})};
  const std::size_t others =
      users.bytes + tokens.bytes - (before == nullptr ? 0 : name_bytes(*before));
  if (others + name_bytes(login) <= kMaxAccountNames) return std::nullopt;
  return Problem{ProblemName::kQuota,
                 cat({"the users and tokens of account ", login.account, " name mounts in ", others,
                      " bytes, and may in ", kMaxAccountNames})};
}

}  // namespace

std::optional<Problem> judge_space(const PlanContext& context, const User& user,
                                   const User* before) {
  return judge_sum(context, user, before, true);
}

std::optional<Problem> judge_space(const PlanContext& context, const ApiToken& token) {
  return judge_sum(context, token, nullptr, false);
}

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
  // judge_login() refuses other accounts, whether there are such or not, to all below.
  if (context.who.role == Role::kAdmin && body.has("account") && !rights.account.empty() &&
      context.book.account(rights.account) == nullptr)
    body.wrong("account", "there is no account " + rights.account);
  if (rights.role == Role::kOwner && rights.account.empty())
    body.wrong("account", "an owner needs an account");
  if (body.has("mounts") && context.who.role != Role::kAdmin &&
      pattern_bytes(rights) > kMaxPatternBytes)
    body.wrong("mounts", cat({"the patterns may have ", kMaxPatternBytes, " bytes together"}));
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
