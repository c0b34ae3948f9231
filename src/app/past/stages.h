// The stages of what is recorded of a mount (app/routes.cc), but for those that keep something.
// Each decides one question about a request; the head of its file says how.
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

// The past of a mount is for administrators alone.
bool is_past_closed(const Worker& worker, const MountSettings& section, const std::string& mount);
// Unix ms: nothing older is for this client.
std::int64_t earliest_past_ms(const Worker& worker, Connection& connection,
                              const MountSettings& section, const std::string& mount,
                              bool administrator);

}  // namespace lb
