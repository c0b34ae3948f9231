// Whether a node of the cluster asks, to pull a mount for its own listeners.  It proves that by its
// secret, or by a mark (cluster/relay/pull_mark.h).
// Thread: the connection's worker.
#pragma once

#include "http/connection.h"

namespace lb {

struct Network;
struct Worker;

// A mark works once only, so the context keeps the proof.  A forged one counts as a wrong password.
bool is_pulling_node(Worker& worker, Connection& connection);
// Refuses a mark without proof; the node retries with another.
void refuse_mark(Network& network, Connection& connection);

}  // namespace lb
