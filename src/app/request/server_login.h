// Whether the administrator or a server asks for a mount: the administrator looks at what this node
// does, and a relay with its password needs no other mark.  Only those names are looked at: what
// else a listener sends is for the mount's authenticator.  The answers differ, so a wrong password
// is a guess like everywhere else.
// Thread: the connection's worker.
#pragma once

#include <optional>

#include "cluster/relay/pull_mark.h"
#include "cluster/relay/pull_verifier.h"
#include "http/connection.h"

namespace lb {

struct Network;
struct Worker;

// kNext: it is one of them.  kAnswered: there were too many wrong passwords.  None: a listener.
std::optional<Verdict> server_login(Worker& worker, Connection& connection,
                                    bool servers_only = false);

// A node of the cluster that pulls a mount for listeners of its own, and how it proves that: by its
// secret, or by a mark (cluster/relay/pull_mark.h).  Whether one asks.
bool is_pulling_node(Worker& worker, Connection& connection);
// Of a mark that proves nothing: the node asks again with another.
void refuse_mark(Network& network, Connection& connection);
// A forged mark is told to the throttle.  A mark can be verified once only.
PullVerifier::Verdict judge_mark(Worker& worker, Connection& connection, const PullMark& mark);

}  // namespace lb
