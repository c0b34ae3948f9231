// LoginScope: the mounts of a login, by its role, its account and the mounts in its record.  The
// one rule for the API, the commands, events, metrics and recordings.
//
// An administrator has all mounts, and so has a viewer whose record names neither an account nor
// mounts.  A login of an account has the account's mounts, limited to those that its record names,
// if any; names outside the account give nothing.  A login without an account has the named mounts;
// only administrators make such logins.
// Thread: pure functions.
// Ownership: a view, valid as long as its login.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "auth/login/roles.h"

namespace lb {

// Whether this name of a mount is a pattern.
bool has_wildcard(const std::string& name) noexcept;

struct LoginScope {
  Role role = Role::kNone;
  std::string_view account;             // "": none
  std::span<const std::string> mounts;  // names, or patterns of fnmatch(3)

  bool has_all() const noexcept;
  // account_of_mount: from its record; "": none, as for mounts of the configuration file.
  bool has(std::string_view mount, std::string_view account_of_mount) const;
  // Whether the other scope's mounts are among these by its record alone.  Patterns are only
  // compared for equality.
  bool covers(const LoginScope& other) const;

 private:
  bool names(std::string_view mount) const;
};

}  // namespace lb
