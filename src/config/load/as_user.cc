#include "config/load/as_user.h"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <utility>

#include "base/cat.h"

namespace lb {

Result<AsUser> AsUser::become(const std::string& user, const std::string& group) {
  AsUser as;
  if (::geteuid() != 0 || user.empty() || group.empty()) return as;
  const struct passwd* const to = ::getpwnam(user.c_str());
  if (to == nullptr) return Error::not_found(cat({"there is no user \"", user, "\""}));
  const uid_t id = to->pw_uid;
  const struct group* const of = ::getgrnam(group.c_str());
  if (of == nullptr) return Error::not_found(cat({"there is no group \"", group, "\""}));
  const gid_t own = of->gr_gid;
  const int count = ::getgroups(0, nullptr);
  std::vector<gid_t> groups(count > 0 ? static_cast<std::size_t>(count) : 0);
  if (count > 0 && ::getgroups(count, groups.data()) < 0) groups.clear();
  as.groups_ = std::move(groups);
  // The user last: after it the groups could not be changed.
  if (::initgroups(user.c_str(), own) != 0 || ::setegid(own) != 0 || ::seteuid(id) != 0)
    return Error::io(cat({"the user cannot be changed to \"", user, "\""}));
  return as;
}

AsUser::AsUser(AsUser&& other) noexcept : groups_(std::exchange(other.groups_, std::nullopt)) {}

AsUser::~AsUser() {
  if (!groups_) return;
  // A failure leaves the process with fewer rights, which is safe: it prints and ends.
  if (::seteuid(0) != 0 || ::setegid(::getgid()) != 0 ||
      ::setgroups(groups_->size(), groups_->data()) != 0)
    return;
}

}  // namespace lb
