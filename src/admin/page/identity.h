// Identity: the sender of a request, as app/request/who_asks.h has found it out: a person, a
// program or a node, and what it may do.
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
// kNone: it is the role of no user.
Role user_role(AdminRole role) noexcept;
std::string_view to_text(AdminRole role) noexcept;

struct Identity {
  enum class Via : std::uint8_t { kNone, kFile, kBasic, kToken, kCookie, kProxy };

  AdminRole role = AdminRole::kNone;
  Via via = Via::kNone;
  std::string user;     // the name; of a token: its id
  std::string account;  // "": none
  std::vector<std::string> mounts;
  bool addresses = false;  // may see those of listeners
  std::string node;        // of the cluster, whose secret was given; its role is kRelay
  std::string encoder;     // of the mount's <encoder> rows; its role is kSource
  std::string csrf;        // a browser sends its cookie along with everything: what changes
                           // something has to bring this along.  "": nothing comes along by itself
  std::shared_ptr<const UserBook> book;  // in which its user was found
  // The account of a mount now; "": it has none.  Not set: no mount has one.
  std::function<std::string(std::string_view mount)> account_of;
  std::optional<Session> session;  // of a cookie

  bool is_nobody() const noexcept { return role == AdminRole::kNone; }
  LoginScope scope() const noexcept { return {user_role(role), account, mounts}; }
  // Of a user or a token that has some of the mounts; to all others every mount is theirs.
  bool has_own_mounts() const noexcept { return role >= AdminRole::kViewer && !scope().has_all(); }
  bool owns(std::string_view mount) const;
  // The same of a mount that has, or had, this account.
  bool owns(std::string_view mount, std::string_view account_of_mount) const;
};

// "file", "basic", "token", "cookie", "proxy", for the audit log.
std::string_view to_text(Identity::Via via) noexcept;

}  // namespace lb
