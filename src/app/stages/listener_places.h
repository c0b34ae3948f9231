// The limits for a listener that comes, however it listens.
// Thread: the connection's worker.
#pragma once

#include <string>
#include <string_view>

#include "http/connection.h"
#include "stream/mount.h"

namespace lb {

struct Services;
struct Worker;

// <max-listeners-per-address>.  False: it has been refused; else its places are in the context's
// notice.
bool count_address(Worker& worker, Connection& connection);
// A place among all listeners of the server, by number and by bandwidth; the one at the mount has
// been taken.  "": total is it; else why there is none.
std::string_view enter_server(Services& services, Connection& connection, const Mount& mount,
                              GatePass& total);
// There is no place: to another server of the cluster, else 403.
void reply_full(Worker& worker, Connection& connection,
                std::string_view why = "max listeners reached");

}  // namespace lb
