// A copy of the database while it is in use, in one file beside it: "audience.db.backup".
//
// The copy gets its name when it is whole and on the disk, in the place of the copy before; what is
// left of one that was given up is removed by the next.
// Thread: that of the database, which does nothing else meanwhile: rows wait in the journal.
// Bounds: one copy.  It is not begun where less than it needs and kBackupRest are free on the disk.
// Errors: kLimit: the disk has no room; else kIo.  The copy before is left as it is.
#pragma once

#include <cstdint>
#include <string>

#include "audience/sqlite.h"

namespace lb {

constexpr std::uint64_t kBackupRest = 64 << 20;  // bytes, for rows that come

std::string backup_path(const Sqlite& database);
// About so many bytes; 0: the database cannot be read.
std::uint64_t backup_bytes(Sqlite& database);
// The bytes of the copy.
Result<std::uint64_t> back_up(Sqlite& database);

}  // namespace lb
