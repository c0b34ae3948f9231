// Whether the administrator or a server asks for a mount: the administrator looks at what this node
// does, and a relay with its password needs no other mark.  Only those names are looked at: what
// else a listener sends is for the mount's authenticator.  The answers differ, so a wrong password
// is a guess like everywhere else.
// Thread: the connection's worker.
#pragma once

#include <cstdint>

#include "http/connection.h"

namespace lb {

struct Worker;

// kServer: the password of a relay, or of a node of the cluster.  kThrottled: it has been answered.
enum class ServerLogin : std::uint8_t { kNone, kAdministrator, kServer, kThrottled };
ServerLogin server_login(Worker& worker, Connection& connection, bool servers_only = false);

}  // namespace lb
