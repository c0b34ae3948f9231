// A copy of the database in use, in a file beside it: "audience.db.backup".
//
// The copy gets its name when it is complete and on the disk, in place of the last one; the next
// copy removes the rest of an aborted one.
// It has the state of its start, whatever other connections write meanwhile.
// Thread: any, with a connection of its own; back_up() takes long.
// Bounds: one copy; it needs its size and kBackupRest free on the disk.
// Errors: kLimit: the disk has no space; otherwise kIo.  The last copy stays as it is.
#pragma once

#include <cstdint>
#include <string>

#include "audience/sqlite.h"

namespace lb {

constexpr std::uint64_t kBackupRest = 64 << 20;  // bytes, for new rows

std::string backup_path(const Sqlite& database);
// The approximate size; 0: the database cannot be read.
std::uint64_t backup_bytes(Sqlite& database);
// Returns the size of the copy.
Result<std::uint64_t> back_up(Sqlite& database);

}  // namespace lb
