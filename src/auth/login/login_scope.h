// LoginScope: which mounts a login has, by its role, its account and the mounts that its record
// names.  The one rule for the API, the commands, events, metrics and recordings.
//
// An administrator has all mounts, and so has a viewer whose record names neither an account nor
// mounts.  A login of an account has the mounts of that account, and where its record names mounts,
// those of them that it names: naming the mount of another account, or of none, gives nothing.
// A login without an account has the mounts that it names; only administrators make such logins.
// Thread: pure functions.
// Ownership: a view; it ends with the login that it is of.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "auth/login/roles.h"

namespace lb {

struct LoginScope {
  Role role = Role::kNone;
  std::string_view account;             // "": none
  std::span<const std::string> mounts;  // names, or patterns of fnmatch(3)

  bool has_all() const noexcept;
  // account_of_mount: of its record; "": it has none, as the mounts of the configuration file.
  bool has(std::string_view mount, std::string_view account_of_mount) const;
  // Whether the mounts of the other scope are among these by its record alone.  Of patterns, which
  // are not compared with one another, only the same one is.
  bool covers(const LoginScope& other) const;

 private:
  bool names(std::string_view mount) const;
};

}  // namespace lb
