// Refusals in plain text, the answers to unauthorised requests, and the lines about refused logins
// in the error log.
// Thread: the worker of the connection.
// Source: Icecast 2.4.4; doc/decisions.md B10.
// Bounds: as for RefusalLog.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "http/connection.h"
#include "stream/mount/settings.h"

namespace lb {

struct Worker;

// The text of the 403 for a name that <no-mount> closes.
inline constexpr std::string_view kClosedName = "mountpoint unavailable";

// lines: more of the head, such as "Retry-After: 1\r\n".
void reply_refusal(Connection& connection, int status, std::string_view text, std::string lines);

// Logs a refused source, by its user name: "wrong password", "Mountpoint in use".
void log_refused_source(Worker& worker, Connection& connection, std::string_view why);
// Logs any other refused login.
void log_refused_login(Worker& worker, Connection& connection, std::string_view user,
                       std::string_view why);
// Why no login of a mount's record matches; now: Unix seconds.
std::string_view why_no_login(const MountSettings& section, std::string_view user,
                              std::int64_t now);

// Whether the drain refuses this request.  A listener that must not be sent back a second time is
// accepted while a master may not know of the drain yet, and is moved with the others.
bool refuses_for_drain(const Worker& worker, Connection& connection);
// True: the drain refuses the request, which has got 503.
bool answer_if_draining(Worker& worker, Connection& connection);

// Answers 401 with a challenge.  keep_open: libshout asks without credentials first, and retries
// over the same connection.
void reply_unauthorised(Connection& connection, bool keep_open = false);
// Refuses the mark of a node without proof; the node retries with another.
void refuse_mark(Worker& worker, Connection& connection);
// A newer listening of its user has the seat of this one, which has not begun yet.
Verdict refuse_dropped(Worker& worker, Connection& connection);
// Answers 429: too many wrong passwords.
void reply_throttled(Connection& connection, std::chrono::seconds wait);

}  // namespace lb
