#include "admin/page/identity.h"

#include <algorithm>
#include <iterator>

#include "base/strings.h"

namespace lb {
namespace {

// By Role.
constexpr AdminRole kRoles[] = {AdminRole::kNone, AdminRole::kViewer, AdminRole::kOperator,
                                AdminRole::kOwner, AdminRole::kAdmin};

}  // namespace

AdminRole admin_role(Role role) noexcept { return kRoles[static_cast<std::size_t>(role)]; }

Role user_role(AdminRole role) noexcept {
  const auto at = std::ranges::find(kRoles, role);
  return at == std::end(kRoles) ? Role::kNone : static_cast<Role>(at - std::begin(kRoles));
}

std::string_view to_text(AdminRole role) noexcept {
  return word_of<AdminRole::kAdmin>(
      role, {"none", "source", "relay", "viewer", "operator", "owner", "admin"});
}

std::string_view to_text(Identity::Via via) noexcept {
  return word_of<Identity::Via::kProxy>(via, {"none", "file", "basic", "token", "cookie", "proxy"});
}

bool Identity::owns(std::string_view mount) const {
  if (!has_own_mounts()) return true;
  return owns(mount, account_of ? account_of(mount) : std::string());
}

bool Identity::owns(std::string_view mount, std::string_view account_of_mount) const {
  return !has_own_mounts() || scope().has(mount, account_of_mount);
}

}  // namespace lb
