// The answers to requests that are not authorised.
// Source: Icecast 2.4.4; doc/decisions.md B10.
// Thread: the connection's worker.
#pragma once

#include <chrono>

#include "http/connection.h"

namespace lb {

// 401 with a challenge.  keep_open: libshout asks without credentials first and goes on over the
// same connection.
void reply_unauthorised(Connection& connection, bool keep_open = false);
// 429: too many wrong passwords.
void reply_throttled(Connection& connection, std::chrono::seconds wait);

}  // namespace lb
