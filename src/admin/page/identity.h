// Identity: the sender of a request, a person, a program or a node, and its rights.
// Thread: a plain value.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/login/login_scope.h"
#include "auth/login/session_token.h"
#include "auth/login/user_book.h"

namespace lb {

// In the order of their rights from kViewer on.
enum class AdminRole : std::uint8_t {
  kNone,
  kSource,    // may log in as the source of the mount that mount= names
  kRelay,     // the relay password, or the secret of a node
  kViewer,    // sees all mounts, or its own; changes nothing
  kOperator,  // its own mounts
  kOwner,     // those of its account
  kAdmin,
};
AdminRole admin_role(Role role) noexcept;
// kNone if no user can have this role.
Role user_role(AdminRole role) noexcept;
std::string_view to_text(AdminRole role) noexcept;

struct Identity {
  enum class Via : std::uint8_t { kNone, kFile, kBasic, kToken, kCookie, kProxy };

  AdminRole role = AdminRole::kNone;
  Via via = Via::kNone;
  std::string user;     // the name; of a token: its id
  std::string account;  // "": none
  std::vector<std::string> mounts;
  bool addresses = false;  // may see addresses of listeners
  std::string node;        // the cluster node whose secret was given; its role is kRelay
  std::string encoder;     // the <encoder> row whose login was given; its role is kSource
  std::string csrf;        // a request of a session that changes state must send this value,
                           // because a browser adds its cookie to every request.  "": no session
  std::shared_ptr<const UserBook> book;  // the book in which its user was found
  // The present account of a mount; "": none.  Not set: no mount has one.
  std::function<std::string(std::string_view mount)> account_of;
  std::optional<Session> session;  // set if a cookie was sent

  bool is_nobody() const noexcept { return role == AdminRole::kNone; }
  LoginScope scope() const noexcept { return {user_role(role), account, mounts}; }
  // True for a user or a token limited to some mounts; all others have every mount.
  bool has_own_mounts() const noexcept { return role >= AdminRole::kViewer && !scope().has_all(); }
  bool owns(std::string_view mount) const;
  // The same for a mount that has, or had, this account.
  bool owns(std::string_view mount, std::string_view account_of_mount) const;
};

// "file", "basic", "token", "cookie", "proxy", for the audit log.
std::string_view to_text(Identity::Via via) noexcept;

}  // namespace lb
