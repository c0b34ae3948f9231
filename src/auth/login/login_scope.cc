#include "auth/login/login_scope.h"

#include <algorithm>
#include <cstring>

#include "base/strings.h"

namespace lb {
bool has_wildcard(const std::string& name) noexcept {
  return name[std::strcspn(name.c_str(), "*?[\\")] != '\0';
}

// Only patterns are matched, because fnmatch() is slow and a login may have 1000 names.
bool LoginScope::names(std::string_view mount) const {
  const std::string name(mount);
  return std::any_of(mounts.begin(), mounts.end(), [&name](const std::string& one) {
    return one == name || (has_wildcard(one) && glob_match(one, name));
  });
}

bool LoginScope::has_all() const noexcept {
  return role == Role::kAdmin || (role == Role::kViewer && account.empty() && mounts.empty());
}

bool LoginScope::has(std::string_view mount, std::string_view account_of_mount) const {
  if (has_all()) return true;
  if (role == Role::kNone || mount.empty()) return false;
  if (account.empty()) return names(mount);
  return account_of_mount == account && (mounts.empty() || names(mount));
}

bool LoginScope::covers(const LoginScope& other) const {
  if (has_all()) return true;
  if (role == Role::kNone || other.has_all() || other.account != account) return false;
  if (other.mounts.empty()) return mounts.empty() && !account.empty();
  if (mounts.empty()) return !account.empty();
  return std::all_of(other.mounts.begin(), other.mounts.end(), [this](const std::string& one) {
    return std::find(mounts.begin(), mounts.end(), one) != mounts.end() ||
           (!has_wildcard(one) && names(one));
  });
}

}  // namespace lb
