// The logins of a source that a mount's record has: hashes are judged by HashQueue, passwords of an
// external configuration at once.
//
// A login counts within its hours.  A Shoutcast source has no user name: it comes with
// that of the mount, and may be any of the record's.
// Thread: the worker of the connection; the hashing as HashQueue does it.
// Bounds: kMaxRecordLogins hashes a question, and those that HashQueue lets wait.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "auth/listener/authenticator.h"
#include "http/connection.h"
#include "http/credentials.h"
#include "stream/mount/settings.h"

namespace lb {

struct Worker;

// Those that a login may be, at this time in Unix seconds.
std::vector<RecordLogin> possible_logins(const MountSettings& section, std::string_view user,
                                         std::int64_t now);

// Judges the login by those of the section's record.  `answered` is called on the worker while the
// connection is still there, never before this returns, and never otherwise.
void ask_record_logins(Worker& worker, Connection& connection, const MountSettings& section,
                       Credentials given, UniqueFunction<void(Connection&, AuthVerdict)> answered);

}  // namespace lb
