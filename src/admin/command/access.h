// Which role may ask what: one row for each endpoint, of the commands (admin/command/command.h) and
// of the addresses that a stage answers by itself.
//
// A row says what the password of a source or a relay opens (AdminAccess), the least role of a user
// (`least`), and what a login gets that has only some of the mounts (OwnUse): operators, owners,
// and viewers of an account or with names of mounts.  Which mounts these are:
// auth/login/login_scope.h. The tests walk every row with every role.
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

// What logins get that have only some of the mounts.
enum class OwnUse : std::uint8_t {
  kMount,   // it: mount= has to be one of theirs
  kFilter,  // all of it, but for the mounts and nodes that are not theirs
  kNever,
};

struct AccessRow {
  std::string_view path;
  AdminAccess access = AdminAccess::kAdminOnly;
  AdminRole least = AdminRole::kAdmin;
  OwnUse own = OwnUse::kNever;
  bool changes_state = false;
};

// Without a query.  The commands first, then what stages answer.
std::vector<AccessRow> access_rows();
// Of what a stage answers by itself; nullptr: it has no row, and is the administrator's alone.
const AccessRow* stage_access(std::string_view path);

// What is asked about, as far as rights depend on it.
struct AskedMount {
  bool named = false;        // mount= is there
  bool own = false;          // and is one of the asker's
  bool has_own_only = true;  // the asker is a user or a token that has only some of the mounts
};
bool access_allows(const AccessRow& row, AdminRole role, AskedMount asked);

}  // namespace lb
