// Whether the administrator or a server asks for a mount: the administrator looks at what this node
// does, and a relay with its password needs no other mark.  Only those names are looked at: what
// else a listener sends is for the mount's authenticator.  The answers differ, so a wrong password
// is a guess like everywhere else.
// Thread: the connection's worker.
#pragma once

#include <optional>

#include "http/connection.h"

namespace lb {

struct Worker;

// kNext: it is one of them.  kAnswered: there were too many wrong passwords.  None: a listener.
std::optional<Verdict> server_login(Worker& worker, Connection& connection,
                                    bool servers_only = false);

}  // namespace lb
