// The role that each endpoint needs: a row for each command (admin/command/command.h) and for each
// address that a stage answers.
//
// A row has the access by a source's or relay's password (AdminAccess), the least role of a user
// (`least`), and the access of a login that has only some of the mounts (OwnUse): operators,
// owners, and viewers with an account or named mounts (auth/login/login_scope.h).  The tests check
// every row with every role.
// Thread: constant data, pure functions.
// Source: doc/operators.md.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "admin/page/identity.h"

namespace lb {

enum class AdminAccess : std::uint8_t {
  kAnyone,
  kAdminOnly,
  kAdminOrSource,
  kRelayOnly,
};

// The access of logins that have only some of the mounts.
enum class OwnUse : std::uint8_t {
  kMount,   // only with a mount= of theirs
  kFilter,  // all of it, without other mounts and nodes
  kNever,
};

struct AccessRow {
  std::string_view path;
  AdminAccess access = AdminAccess::kAdminOnly;
  AdminRole least = AdminRole::kAdmin;
  OwnUse own = OwnUse::kNever;
  bool changes_state = false;
};

// Without a query.  Commands first, then addresses of stages.
std::vector<AccessRow> access_rows();
// The row of a stage's address; nullptr: none, so only administrators may use it.
const AccessRow* stage_access(std::string_view path);

// The facts about the requested mount that rights depend on.
struct AskedMount {
  bool named = false;        // mount= is given
  bool own = false;          // … and belongs to the login
  bool has_own_only = true;  // the login has only some of the mounts
};
bool access_allows(const AccessRow& row, AdminRole role, AskedMount asked);

}  // namespace lb
