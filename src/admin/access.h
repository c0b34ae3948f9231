// Which role may ask what: one row for each endpoint, of the commands (admin/command.h) and of the
// addresses that a stage answers by itself.
//
// A row says what the password of a source or a relay opens (AdminAccess), the least role of a user
// (`least`), and what operators and owners, which have mounts of their own, get (OwnUse).  The
// tests walk every row with every role and every method.
// Thread: constant data, pure functions.
// Source: oneplace.md 1.4.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "admin/identity.h"

namespace lb {

enum class AdminAccess : std::uint8_t {
  kAnyone,
  kAdminOnly,
  kAdminOrSource,
  kRelayOnly,
};

// What operators and owners get.
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

// owns: mount= is there, and is one of the asker's.
bool access_allows(const AccessRow& row, AdminRole role, bool has_mount, bool owns);

}  // namespace lb
