#include "admin/identity.h"

#include <algorithm>
#include <array>

#include "base/strings.h"

namespace lb {

AdminRole admin_role(Role role) noexcept {
  switch (role) {
    case Role::kNone:
      return AdminRole::kNone;
    case Role::kViewer:
      return AdminRole::kViewer;
    case Role::kOperator:
      return AdminRole::kOperator;
    case Role::kOwner:
      return AdminRole::kOwner;
    case Role::kAdmin:
      return AdminRole::kAdmin;
  }
  return AdminRole::kNone;
}

std::string_view to_text(AdminRole role) noexcept {
  static constexpr std::array<std::string_view, 7> kNames = {
      "none", "source", "relay", "viewer", "operator", "owner", "admin"};
  return kNames[static_cast<std::size_t>(role)];
}

std::string_view to_text(Identity::Via via) noexcept {
  static constexpr std::array<std::string_view, 6> kNames = {"none",  "file",   "basic",
                                                             "token", "cookie", "proxy"};
  return kNames[static_cast<std::size_t>(via)];
}

bool Identity::owns(std::string_view mount) const {
  if (!has_own_mounts()) return true;
  if (mount.empty()) return false;
  const std::string name(mount);
  if (std::any_of(mounts.begin(), mounts.end(),
                  [&name](const std::string& one) { return one == name || glob_match(one, name); }))
    return true;
  return role == AdminRole::kOwner && !account.empty() && book != nullptr &&
         book->account_of(mount) == account;
}

}  // namespace lb
