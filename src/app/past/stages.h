// The stages about a mount's past (app/routes.cc) without state.  Each decides one question about a
// request, which the head of its .cc explains.
// Thread: their worker.
#pragma once

#include <cstdint>
#include <string>

#include "http/connection.h"
#include "stream/mount/settings.h"

namespace lb {

struct Worker;

Verdict archive_admin_stage(Worker& worker, Connection& connection);
Verdict past_access_stage(Worker& worker, Connection& connection);
Verdict past_stage(Worker& worker, Connection& connection);

// Whether only administrators may hear the mount's past.
bool is_past_closed(const Worker& worker, const MountSettings& section, const std::string& mount);
// Whether the client is an administrator of this past, by its password or a browser's session; an
// administrator must be where the past is closed.  Another verdict than kNext is its answer.
Verdict judge_past_administrator(Worker& worker, Connection& connection,
                                 const MountSettings& section, const std::string& mount,
                                 bool& administrator);
// Unix ms: the client may hear nothing older.
std::int64_t earliest_past_ms(const Worker& worker, Connection& connection,
                              const MountSettings& section, const std::string& mount,
                              bool administrator);

}  // namespace lb
