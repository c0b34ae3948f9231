// Hands a session over to another node: POST /api/v1/session/handover at the master makes a token
// for one node, valid once and for half a minute.  A page of the master posts it to that node's
// /admin/login, which begins its own session.  The token is only in bodies, so no log and no
// Referer has it.  The node accepts it only from pages of the master that signed it (Origin): else
// another site could log a user in under another name.
// Thread: the connection's worker.
// Source: doc/operators.md; Fetch, "append a request Origin header"; CSP 3, form-action.
#pragma once

#include <string>

#include "http/connection.h"

namespace lb {

struct Worker;

// Takes {"node"} of a session; answers with a page that leads there, or {"node","origin","token"}.
Verdict hand_over_session(Worker& worker, Connection& connection);
Verdict take_over_session(Worker& worker, Connection& connection, const std::string& token);

}  // namespace lb
