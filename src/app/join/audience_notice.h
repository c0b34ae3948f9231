// Where a listening begins, for the audience: the end of its notice is the end of the listening.
// Thread: the connection's worker.
#pragma once

#include <memory>
#include <string>

#include "audience/row.h"
#include "http/connection.h"
#include "stream/listener/listener.h"

namespace lb {

struct Worker;

// Takes the notice of the request's context, which the listener holds from now on.
std::unique_ptr<EndNotice> begin_listening(Worker& worker, Connection& connection,
                                           const std::string& mount, ListeningWay way);

}  // namespace lb
