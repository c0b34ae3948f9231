#include "admin/page/identity.h"

#include <array>

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

Role user_role(AdminRole role) noexcept {
  switch (role) {
    case AdminRole::kViewer:
      return Role::kViewer;
    case AdminRole::kOperator:
      return Role::kOperator;
    case AdminRole::kOwner:
      return Role::kOwner;
    case AdminRole::kAdmin:
      return Role::kAdmin;
    default:
      return Role::kNone;
  }
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
  return owns(mount, account_of ? account_of(mount) : std::string());
}

bool Identity::owns(std::string_view mount, std::string_view account_of_mount) const {
  return !has_own_mounts() || scope().has(mount, account_of_mount);
}

}  // namespace lb
