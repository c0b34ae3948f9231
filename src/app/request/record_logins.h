// The source logins of a mount's record: HashQueue judges hashes, passwords of an external
// configuration are compared at once.
//
// A login is valid within its hours.  A Shoutcast source sends no user name: it gets the mount's,
// and may match any login of the record.
// Thread: the worker of the connection; the hashing as HashQueue does it.
// Bounds: kMaxRecordLogins hashes a question, and the queue of HashQueue.
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

// The logins that this user may match at `now`, in Unix seconds.
std::vector<RecordLogin> possible_logins(const MountSettings& section, std::string_view user,
                                         std::int64_t now);

// Judges the login by the logins of the section's record.  `answered` is called on the worker,
// after this returns, and only if the connection is still there.
void ask_record_logins(Worker& worker, Connection& connection, const MountSettings& section,
                       Credentials given, UniqueFunction<void(Connection&, AuthVerdict)> answered);

}  // namespace lb
