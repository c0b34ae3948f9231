// Judges a login of the administrator, a relay or a node at a mount: the administrator sees the
// mount of this node, and a relay with its password needs no mark.  Other names are left to the
// mount's authenticator.  Right and wrong passwords get different answers, so a wrong one counts as
// a guess.
// Thread: the connection's worker.
#pragma once

#include <optional>

#include "http/connection.h"

namespace lb {

struct Worker;

// kNext: the login is right.  kAnswered: too many wrong passwords.  nullopt: wrong, or a
// listener's.
std::optional<Verdict> server_login(Worker& worker, Connection& connection,
                                    bool servers_only = false);

}  // namespace lb
