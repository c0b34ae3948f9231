// The way of a session to another node: POST /api/v1/session/handover at the master makes a token
// for one node, good once and for half a minute; a page of the master posts it to that node's
// /admin/login, which begins a session of its own.
//
// The token is in bodies only: no log and no Referer has it.  The node takes it from pages of the
// master that signed it (Origin), or another site could log a person in under another name.
// Thread: the connection's worker.
// Source: doc/operators.md; Fetch, "append a request Origin header"; CSP 3, form-action.
#pragma once

#include <string>

#include "http/connection.h"

namespace lb {

struct Worker;

// {"node"}, by a session: a page that leads there, or {"node","origin","token"}.
Verdict hand_over_session(Worker& worker, Connection& connection);
Verdict take_over_session(Worker& worker, Connection& connection, const std::string& token);

}  // namespace lb
