// A refusal in plain text, the answers to requests that are not authorised, and what the error log
// says of logins that are refused.
// Thread: the worker of the connection.
// Source: Icecast 2.4.4; doc/decisions.md B10.
// Bounds: those of RefusalLog.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "http/connection.h"
#include "stream/mount/settings.h"

namespace lb {

struct Worker;

// Of a name that <no-mount> closes, with 403.
inline constexpr std::string_view kClosedName = "mountpoint unavailable";

// lines: more of the head, such as "Retry-After: 1\r\n".
void reply_refusal(Connection& connection, int status, std::string_view text, std::string lines);

// A source, by the name that it gave: "wrong password", "Mountpoint in use".
void log_refused_source(Worker& worker, Connection& connection, std::string_view why);
// Anything else that asks with a user and a password.
void log_refused_login(Worker& worker, Connection& connection, std::string_view user,
                       std::string_view why);
// Why the logins of a mount's record do not let this one in; now: Unix seconds.
std::string_view why_no_login(const MountSettings& section, std::string_view user,
                              std::int64_t now);

// The node drains.  A listener that is not to be sent back a second time is taken all the same
// while a master may not know of it, and leaves as those before it.
bool refuses_for_drain(const Worker& worker, Connection& connection);
// The request of a listener or a source that is refused for it: 503, and true.
bool answer_if_draining(Worker& worker, Connection& connection);

// 401 with a challenge.  keep_open: libshout asks without credentials first and goes on over the
// same connection.
void reply_unauthorised(Connection& connection, bool keep_open = false);
// 429: too many wrong passwords.
void reply_throttled(Connection& connection, std::chrono::seconds wait);

}  // namespace lb
