#include "api/request/rights.h"

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

bool acts_on_mount(const ApiCaller& caller, const std::string& mount, std::string_view account) {
  return caller.role >= Role::kOperator && sees_mount(caller, mount, account);
}

bool changes_account_of(const ApiCaller& caller, std::string_view account) noexcept {
  return caller.role == Role::kAdmin || is_owner_of(caller, account);
}

}  // namespace lb
