#include "api/rights.h"

#include <algorithm>

#include "base/strings.h"

namespace lb {
namespace {

bool names_mount(const ApiCaller& caller, const std::string& mount) {
  return std::any_of(caller.mounts.begin(), caller.mounts.end(), [&](const std::string& one) {
    return one == mount || glob_match(one, mount);
  });
}

bool is_of(const ApiCaller& caller, std::string_view account) {
  return !account.empty() && caller.account == account;
}

}  // namespace

bool sees_all(const ApiCaller& caller) noexcept {
  return caller.role == Role::kAdmin ||
         (caller.role == Role::kViewer && caller.account.empty() && caller.mounts.empty());
}

bool sees_account(const ApiCaller& caller, std::string_view account) noexcept {
  return sees_all(caller) || (caller.role == Role::kOwner && is_of(caller, account));
}

bool sees_mount(const ApiCaller& caller, const std::string& mount, std::string_view account) {
  if (sees_all(caller)) return true;
  if (caller.role == Role::kOwner) return is_of(caller, account);
  // Of an account's operators those that name no mounts have all of them.
  return names_mount(caller, mount) || (caller.mounts.empty() && is_of(caller, account));
}

bool acts_on_mount(const ApiCaller& caller, const std::string& mount, std::string_view account) {
  return caller.role >= Role::kOperator && sees_mount(caller, mount, account);
}

bool changes_account_of(const ApiCaller& caller, std::string_view account) noexcept {
  return caller.role == Role::kAdmin || (caller.role == Role::kOwner && is_of(caller, account));
}

}  // namespace lb
