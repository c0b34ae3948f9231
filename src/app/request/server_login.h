// Judges a login of the administrator, a relay or a node at a mount: the administrator sees the
// mount of this node, and a relay with its password needs no mark.  Other names are left to the
// mount's authenticator.  Right and wrong passwords get different answers, so a wrong one counts as
// a guess.
// Thread: the connection's worker.
#pragma once

#include <optional>

#include "cluster/relay/pull_mark.h"
#include "cluster/relay/pull_verifier.h"
#include "http/connection.h"

namespace lb {

struct Network;
struct Worker;

// kNext: the login is right.  kAnswered: too many wrong passwords.  nullopt: wrong, or a
// listener's.
std::optional<Verdict> server_login(Worker& worker, Connection& connection,
                                    bool servers_only = false);

// Whether a node of the cluster asks, to pull a mount for its own listeners.  It proves that by its
// secret, or by a mark (cluster/relay/pull_mark.h).
bool is_pulling_node(Worker& worker, Connection& connection);
// Refuses a mark without proof; the node retries with another.
void refuse_mark(Network& network, Connection& connection);
// Verifies a mark, which works once only.  A forged mark counts as a wrong password.
PullVerifier::Verdict judge_mark(Worker& worker, Connection& connection, const PullMark& mark);

}  // namespace lb
