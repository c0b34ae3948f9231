// A node of the cluster that pulls a mount for listeners of its own, and how it proves that: by its
// secret, or by a mark (cluster/relay/pull_mark.h).
// Thread: the connection's worker.
// Source: doc/decisions.md C1.
#pragma once

#include "cluster/relay/pull_mark.h"
#include "cluster/relay/pull_verifier.h"
#include "http/connection.h"

namespace lb {

struct Network;
struct Worker;

// Whether one asks.
bool is_pulling_node(Worker& worker, Connection& connection);
// Of a mark that proves nothing: the node asks again with another.
void refuse_mark(Network& network, Connection& connection);
// A forged mark is told to the throttle.  A mark can be verified once only.
PullVerifier::Verdict judge_mark(Worker& worker, Connection& connection, const PullMark& mark);

}  // namespace lb
